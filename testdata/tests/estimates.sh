#!/usr/bin/env bash
# Estimates of AArch64, BFloat16 and changes of sign, by the guest a64estimate: exactly the findings that QEMU has bugs for.
#
# QEMUS: further emulators, separated by blanks, besides those on PATH and of VALIDATE_QEMU_AARCH64.
. testdata/bin/cases.sh

needs jq
[ -x "$BUILD/guests/aarch64/a64estimate" ] || skip "there is no guest a64estimate: no compiler for AArch64"
enter_scratch

# Arm ARM, FPAbs() and FPNeg(): with FPCR.AH a NaN keeps its sign, in vectors as in scalars.
findings_of() { # VERSION BITS
	case "$1 $2" in
	1[01].*' '[2367])
		printf '%s: vector register\n' {fabs,fneg}' vector '{2d,2s,4s,'h 128','h 64'}
		;;
	esac
}

judge() { # QEMU VERSION BITS
	local what="a64estimate $3 in QEMU $2" expected

	expected=$(findings_of "$2" "$3")
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q --via qemu -e "$1" --cpu max -o run.json -- "$guests/aarch64/a64estimate" "$3"
	same "$what: recorded" $? 0
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" -q --log run.json --emulator "$1" --cpu max --report report.json
	same "$what: status" $? "$([ -n "$expected" ] && echo 1 || echo 0)"
	same "$what: findings" "$(jq -r '.findings[] | .form + ": " + .place' report.json | LC_ALL=C sort -u)" "$expected"
	same "$what: all was judged" "$(jq -c '[.unmodelled, .unseen, .guest.exit_status]' report.json)" "[[],0,0]"
	matches "$what: instructions" "$(jq .instructions report.json)" '^[0-9]{5,}$'
}

tried=
for qemu in "$(command -v qemu-aarch64 || true)" "${VALIDATE_QEMU_AARCH64:-}" ${QEMUS:-}; do
	[ -x "$qemu" ] || continue
	version=$("$qemu" --version | sed -n 's/.*version \([0-9.]*\).*/\1/p')
	case $version in
	7.2.* | 1[01].*) ;;
	*)
		untried "a64estimate" "nothing is known of what is wrong in QEMU '$version'"
		continue
		;;
	esac
	tried=1
	bits="0 2 5 7"
	[[ $version != 7.2.* ]] || bits=0 # it has no FEAT_AFP
	for bits in $bits; do
		judge "$qemu" "$version" "$bits"
	done
done
[ -n "$tried" ] || skip "there is no qemu-aarch64 of which it is known what is wrong"
finish
