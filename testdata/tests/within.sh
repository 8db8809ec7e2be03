#!/usr/bin/env bash
# Results that manuals give within an error are judged by that: RCPPS and its like, recorded on this CPU, in unicorn, in QEMU
# and from a trace. Whether an emulator has tiny numbers wrong, the guest itself tells, run by the same QEMU without validate.
. testdata/bin/cases.sh

needs x86_64 jq
enter_scratch
qemu=${VALIDATE_QEMU_X86_64:-qemu-x86_64}

# Judges a mode: its verdict, how many results were within their bounds, and the findings in $said.
judge() { # MODE OPTION...
	timeout -s KILL 60 "$VALIDATE" -q --log "$1.json" --report report.json "${@:2}" >text 2>stderr </dev/null
	conforms "$*" report.json lib/report/report.schema.json
	said=$(jq -r '[.verdict, .within_bound, (.findings[] | .symbol, .severity)] | join(" ")' report.json)
}

same "the guest is recorded" "$(timeout -s KILL 60 "$VALIDATE" record -q -o ordinary.json -- "$guests/approx"; echo $?)" 0
same "tiny: this CPU does what CPUs do" "$(timeout -s KILL 60 "$VALIDATE" record -q -o tiny.json -- "$guests/approx" tiny | tr -d '\0')" k

judge ordinary --trace ordinary.vtrace
same "unicorn" "$said" 'clean 9'
matches "unicorn: as text" "$("$VALIDATE" --log ordinary.json 2>&1)" 'checked \(9 within bound\)'
same "from a trace" "$("$VALIDATE" -q --trace-in ordinary.vtrace --report trace.json; jq -r '[.verdict, .within_bound] | join(" ")' trace.json)" 'clean 9'

# unicorn, like QEMU, divides: by denormal numbers too, and with results that are (SDM vol. 2, RCPPS).
judge tiny
matches "unicorn: tiny numbers" "$said" '^divergent [0-9]+ .*rcpps_here confirmed'
same "unicorn: the bound is told" "$(jq -r '[.findings[] | select(.symbol == "rcpss_here") | .bound // "none"] | join("; ")' report.json)" \
	'bits 31:0 within 1.5 * 2^-12 of rcp(0x1.fffffep+126)'
matches "unicorn: as text" "$("$VALIDATE" --log tiny.json 2>&1)" \
	'bound +bits 31:0 within 1\.5 \* 2\^-12 of rcp\(0x1\.fffffep\+126\)'

if command -v "$qemu" >/dev/null; then
	judge ordinary --emulator "$qemu" --cpu max
	same "QEMU" "$said" 'clean 9'
	judge tiny --emulator "$qemu" --cpu max
	verdict=divergent
	[ "$("$qemu" -cpu max "$guests/approx" tiny)" != k ] || verdict=clean
	matches "QEMU: tiny numbers" "$said" "^$verdict "
else
	untried "QEMU" "there is no $qemu"
fi
finish
