#!/usr/bin/env bash
# Closer looks: a QEMU whose log, or whose memory, is wrong on purpose (testdata/helpers/log_filter.c). What a run in QEMU's
# log cannot place is looked at again: the store is named, and what is not found again says so.
. testdata/bin/cases.sh

needs x86_64 jq
have "closer looks" nm || finish
enter_scratch
guest=$guests/stretches
qemu=${VALIDATE_QEMU_X86_64:-qemu-x86_64}

if ! command -v "$qemu" >/dev/null; then
	untried "closer looks" "there is no $qemu"
	finish
fi
single=-one-insn-per-tb
"$qemu" --help | grep -q -e "$single" || single=-singlestep

sym() { # NAME
	nm "$guest" | awk -v name="$1" '$3 == name { sub(/^0+/, "", $1); print $1 }'
}

# Judges the guest in a QEMU that is wrong by these rules. $status, and in $said a line for each finding.
judge() { # "ARGUMENT..." of log_filter; OPTION... of validate
	printf '#!/bin/sh\nexec %s %s -- %s "$@"\n' "$helpers/log_filter" "$1" "$qemu" >wrong
	chmod +x wrong
	timeout -s KILL 120 "$VALIDATE" -q --log run.json --emulator ./wrong --sandbox off --cpu max --report report.json \
		"${@:2}" >text 2>stderr </dev/null
	status=$?
	conforms "$1" report.json lib/report/report.schema.json
	said=$(jq -r '.findings[] | [.symbol, .location, .severity, .closer // "-", .count] | join(" ")' report.json)
}

opinion() { # SYMBOL
	jq -r --arg symbol "$1" 'first(.findings[] | select(.symbol == $symbol) | .opinion)' report.json
}

timeout -s KILL 60 "$VALIDATE" record -q -o run.json -- "$guest"
same "the guest is recorded" $? 0

judge ""
same "nothing is wrong: nothing is looked at closer" "$status $said" "0 "

# The second of three times, so that the look at it begins behind others.
judge "--always=$single at=$(sym store_here),nth=2,poke=$(sym stored):55"
same "a wrong store that is loaded: the store is named, and it alone" "$status $said" \
	"1 store_here mem64[0x$(sym stored)] confirmed found 1"
same "a wrong store: where it is in the run" "$(jq '.findings[0].event' report.json)" 2
matches "a wrong store: as text" "$("$VALIDATE" --log run.json --emulator ./wrong --sandbox off --cpu max 2>&1)" \
	'closer +found where that part of the run was run again'

judge "--always=$single at=$(sym last_store),nth=2,poke=$(sym unread):55"
same "a wrong store that is not loaded" "$status $said" "1 last_store mem64[0x$(sym unread)] confirmed found 1"

judge "--always=$single at=$(sym store_here),nth=2,poke=$(sym stored):55 at=$(sym begin),nth=2,poke=$(sym stored):55" \
	--granularity block
same "a wrong store in a block" "$status $said" "1 store_here mem64[0x$(sym stored)] confirmed found 1"

# Only in the log: whoever steps sees nothing of it.
judge "at=$(sym store_here),nth=2,poke=$(sym stored):55"
same "a store that is wrong only where nobody looks" "$status $said" "1 load_here mem64[0x$(sym stored)] model gone 1"
matches "it was not found again" "$(opinion load_here)" 'not found again when the instructions up to there were stepped'

judge "--blocks at=$(sym behind_block),nth=2,reg=RSI,xor=10" --granularity block
matches "wrong in blocks alone" "$status $said" "^1 in_block rsi model gone 1"
matches "wrong in blocks alone: why" "$(opinion in_block)" 'only when translated as a block: the optimiser or liveness'
matches "wrong in blocks alone: the block" "$(jq -r '.findings[0].block' report.json)" \
	"^0x$(sym load_here)  mov rdx.*0x$(sym in_block)  lea rsi.*jmp"

judge "at=$(sym behind_block),nth=2,reg=RSI,xor=10" --granularity block
matches "wrong in a block and in steps: the step is named" "$status $said" '^1 last_store\+0x7 rsi [a-z]+ found 1'

# A log that comes through a pipe cannot be read twice.
mkfifo pipe
cat run.json >pipe &
judge "at=$(sym store_here),nth=2,poke=$(sym stored):55" --log pipe
same "a log from a pipe" "$status $said" "1 load_here mem64[0x$(sym stored)] model skipped 1"
matches "a log from a pipe: why" "$(opinion load_here)" 'not looked at closer.*no file that can be read again'
wait
finish
