#!/usr/bin/env bash
# x87 exceptions that are not masked: recorded on this CPU, judged in QEMU and unicorn. Whether there is something to be
# found, the guest itself tells, run by the same emulator without validate.
. testdata/bin/cases.sh

needs x86_64 jq
enter_scratch
qemu=${VALIDATE_QEMU_X86_64:-qemu-x86_64}

judge() { # OPTION...
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" -q --log run.json --report report.json "$@" 2>stderr </dev/null
	status=$?
}

same "this CPU does what CPUs do" "$("$VALIDATE" record -q -o run.json -- "$guests/x87pending")" 1100

if command -v "$qemu" >/dev/null; then
	judge --emulator "$qemu" --cpu max
	if [ "$("$qemu" -cpu max "$guests/x87pending")" = 1100 ]; then
		same "in QEMU" "$status $(jq -r .verdict report.json)" "0 clean"
	else
		same "in QEMU: the division by zero stores nothing" \
			"$(jq -c '.findings[] | select(.form == "fdiv m32" and .place != "ftag") | [.location, .expected, .severity]' report.json)" \
			'["st0","0x3fff8000000000000000","confirmed"]'
		same "in QEMU: the signals" \
			"$(jq -r '.findings[] | select(.place == "fault") | .symbol + " " + .expected + " " + .severity' report.json)" \
			$'fwait_here 0x08 confirmed\nfld_here 0x08 confirmed' # SIGFPE is 8
	fi
	same "in QEMU: how it ends" "$(jq -c '[.error, .guest.exit_status]' report.json)" '[null,0]'
else
	untried "pending exceptions in QEMU" "there is no $qemu"
fi

judge
same "in unicorn: all is judged, and confirmed" \
	"$(jq -c '[.unmodelled, [.findings[].severity] - ["confirmed"], .guest.exit_status]' report.json)" '[[],[],0]'
finish
