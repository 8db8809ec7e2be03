#!/usr/bin/env bash
# What files of /proc tell a program of its own memory is where that memory is in the replay, in QEMU, where it is elsewhere than
# in the recorded run: also by single bytes, and to programs that nobody here wrote.
. testdata/bin/cases.sh

needs x86_64 qemu-x86_64 jq
enter_scratch

judge() { # LOG OPTION...
	said=$(timeout -s KILL "$HANG_SECONDS" "$VALIDATE" --log "$1" -q --show-output --report report.json "${@:2}" 2>stderr </dev/null)
	status=$?
}

for size in 4096 100 1; do
	same "by $size bytes, recorded" "$("$VALIDATE" record -q -o run.json -- "$guests/places" $size)" schmdta
	judge run.json --qemu --cpu qemu64
	same "by $size bytes, in QEMU" "$status $said $(jq -c '[.verdict, .events.unplaced]' report.json)" '0 schmdta ["clean",null]'
done
# Its heap is where numbers are wider in decimal: what stat says of its start does not fit, which is counted.
judge run.json
same "in unicorn" "$status $said $(jq -r .verdict report.json)" '0 schmdta clean'
matches "in unicorn: addresses that do not fit" "$(jq .events.unplaced report.json)" '^(null|1)$'

# A line that is on no page of the run is counted.
"$VALIDATE" record -q -o run.json -- "$guests/places" >printed
data=$(sed -n '/"name": "read"/s/.*"data": "\([^"]*\)".*/\1/p' run.json | head -n 1)
other=$(base64 -d <<<"$data" | sed '1s/^[0-9a-f]*-[0-9a-f]*/700000000000-700000001000/' | base64 -w 0)
sed "s|$data|$other|" run.json >spoilt.json
judge spoilt.json --qemu --cpu qemu64
same "a mapping that is nowhere, read twice" "$(jq -c .events.unplaced report.json)" 2
conforms "a mapping that is nowhere" report.json lib/report/report.schema.json
matches "it is told" "$("$VALIDATE" --log spoilt.json --qemu --cpu qemu64 2>&1)" '; 2 addresses read from /proc not as in this run'
# The program would go another way by it: to another last call, as this log has it.
tac spoilt.json | sed '0,/"name": "write"/s/"number": 1, "name": "write"/"number": 39, "name": "getpid"/' | tac >lost.json
matches "a lost sync that may come of it" "$("$VALIDATE" --log lost.json --qemu --cpu qemu64 2>&1)" 'probably +by addresses read from /proc, which'

# grep and gawk look for their stack (gnulib, sigsegv.c); without it they go on with other calls.
if have "a program that looks for its stack" grep; then
	printf 'alpha 1.quick 3\nbeta 2\n' >text
	LC_ALL=C.UTF-8 "$VALIDATE" record -q -o grep.json -- "$(command -v grep)" -c 1.quick text >printed
	if grep -q '/proc/self/maps' grep.json; then
		judge grep.json --qemu --cpu qemu64
		same "grep in QEMU" "$status $said $(jq -r .lost_sync report.json)" "0 1 null"
	else
		untried "grep in QEMU" "this one does not look for its stack"
	fi
fi

# The vector, the stack and the code of an AArch64 program, recorded in one QEMU and replayed in unicorn.
arm=${VALIDATE_QEMU_AARCH64:-qemu-aarch64}
if command -v "$arm" >/dev/null && [ -x "$guests/aarch64/places" ]; then
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q --via qemu -e "$arm" --cpu neoverse-n1 -o arm.json -- "$guests/aarch64/places" >printed
	judge arm.json --emulator "$arm" --cpu neoverse-n1
	same "AArch64 in QEMU" "$status $said" "0 $(<printed)"
else
	untried "AArch64 in QEMU" "there is no $arm, or no guest for it"
fi
finish
