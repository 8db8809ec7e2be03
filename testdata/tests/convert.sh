#!/usr/bin/env bash
# Conversions and roundings of AArch64, by the guest a64convert: exactly the findings that QEMU 7.2 has bugs for, and none in
# later ones.
#
# QEMUS: further emulators, separated by blanks, besides those on PATH and of VALIDATE_QEMU_AARCH64.
. testdata/bin/cases.sh

needs jq
[ -x "$BUILD/guests/aarch64/a64convert" ] || skip "there is no guest a64convert: no compiler for AArch64"
enter_scratch

# Arm ARM, FPToFixed() and C7.2, FCVTZS (vector, fixed-point): a half gives 16 bits, and the bits above are 0. FPToFixedJS():
# Z is 0 where a denormal was flushed.
findings_of() { # VERSION
	case $1 in
	7.2.*) printf '%s' $'fcvtzs scalar fixed h: vector register\nfjcvtzs: zf' ;;
	esac
}

judge() { # QEMU VERSION BITS
	local what="a64convert $3 in QEMU $2" expected

	expected=$(findings_of "$2")
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q --via qemu -e "$1" --cpu max -o run.json -- "$guests/aarch64/a64convert" "$3"
	same "$what: recorded" $? 0
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" -q --log run.json --emulator "$1" --cpu max --report report.json
	same "$what: status" $? "$([ -n "$expected" ] && echo 1 || echo 0)"
	same "$what: findings" "$(jq -r '.findings[] | .form + ": " + (if .place == "cpsr" then .cause else .place end)' report.json |
		LC_ALL=C sort)" "$expected"
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
		untried "a64convert" "nothing is known of what is wrong in QEMU '$version'"
		continue
		;;
	esac
	tried=1
	bits="0 3 5 6"
	[[ $version != 7.2.* ]] || bits=0 # it has no FEAT_AFP
	for bits in $bits; do
		judge "$qemu" "$version" "$bits"
	done
done
[ -n "$tried" ] || skip "there is no qemu-aarch64 of which it is known what is wrong"
finish
