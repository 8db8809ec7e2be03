#!/usr/bin/env bash
# The guest bmi gives exactly the findings that QEMU 7.2 has bugs for, and none on QEMU 11: the QEMU of VALIDATE_QEMU_X86_64, or
# qemu-x86_64.
. testdata/bin/cases.sh

qemu=${VALIDATE_QEMU_X86_64:-qemu-x86_64}
version=$("$qemu" --version 2>/dev/null | sed -n 's/.*version \([0-9.]*\).*/\1/p')
needs bmi jq

# By version, as this CPU tells and as the later versions have it.
case $version in
7.2.*) expected=$'adcx r32, r32: cf\nadox r32, r32: of\nblsi r32, r32: cf\nblsi r64, r64: cf\ncrc32 r64, r64: general register' ;;
10.0.*) expected='crc32 r64, r64: general register' ;;
1[1-9].*) expected= ;;
*)
	skip "nothing is known of what is wrong in QEMU '$version'"
	;;
esac

make_scratch
: "${scratch:?}"
timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o "$scratch/run.json" -- "$BUILD/guests/bmi" >/dev/null
same "bmi is recorded" $? 0
timeout -s KILL "$HANG_SECONDS" "$VALIDATE" -q --log "$scratch/run.json" --emulator "$qemu" --cpu max --report "$scratch/report.json"
same "status of the run" $? "$([ -n "$expected" ] && echo 1 || echo 0)"

field() { # JQ-EXPRESSION
	jq -r "$1" "$scratch/report.json" 2>&1
}

same "findings in QEMU $version" "$(field '.findings[] | .form + ": " + (if .place == "eflags" then .cause else .place end)' |
	LC_ALL=C sort)" "$expected"
same "they are sure" "$(field '[.findings[].severity] | unique - ["confirmed"] | @json')" "[]"
same "all else was judged" "$(field '[.unmodelled, .unseen, .guest.exit_status] | @json')" "[[],0,0]"

# A CPU that says that it has no BMI1 is right to refuse it: that is no bug, but the program cannot go on as recorded.
timeout -s KILL "$HANG_SECONDS" "$VALIDATE" -q --log "$scratch/run.json" --emulator "$qemu" --cpu qemu64 --report "$scratch/report.json" \
	2>/dev/null
same "a CPU without the instruction" "$? $(field '[.findings, .lost_sync.likely_cause.mnemonic, .lost_sync.likely_cause.reason] | @json')" \
	'3 [[],"blsi","the guest'"'"'s CPU lacks it"]'
finish
