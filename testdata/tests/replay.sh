#!/usr/bin/env bash
# What a replay does to the guest's memory, as the guest sees it: in QEMU, where addresses differ from the recorded run's.
. testdata/bin/cases.sh

needs x86_64 qemu-x86_64
enter_scratch
guest=$guests/recorded

record() { # MODE ARG...
	output=$(timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o "$1.json" -- "$guest" "$@" 2>&1)
}

replay() { # MODE
	output=$(timeout -s KILL "$HANG_SECONDS" "$VALIDATE" --log "$1.json" --emulator qemu-x86_64 --cpu qemu64 -q --show-output 2>&1)
	status=$?
}

# Bytes that the kernel left alone are the guest's own, and not what the recorded run had there.
mkdir entries
touch entries/{a,ab,abc}
record padding entries
same "padding, recorded" "$output" intact
matches "the log knows of it" "$(<padding.json)" '"holes": \[\{"offset": '
replay padding
same "padding, replayed" "$status $output" "0 intact"
sed 's/"holes": \[[^]]*\]/"holes": []/' padding.json >filled.json
replay filled
matches "a log without the holes" "$output" 'broken'

# Calls that no kernel knows fail again as they did, with whatever in the registers that they do not use.
record unknown
for target in "--emulator qemu-x86_64 --cpu qemu64" ""; do
	# shellcheck disable=SC2086 # options
	output=$(timeout -s KILL "$HANG_SECONDS" "$VALIDATE" --log unknown.json $target -v --show-output 2>&1)
	same "status of calls that no kernel knows, ${target:-in unicorn}" $? 0
	matches "what they give, ${target:-in unicorn}" "$output" '0x26 0x19 0x19 0x9 0x16 0x16 as it is'
	matches "they are told of, ${target:-in unicorn}" "$output" 'UNCLASSIFIED +1 emulated'
done
# A log that says that there is such a call.
sed '/"name": "unknown"/s/"result": "0xffffffffffffffda"/"result": "0x0"/' unknown.json >taken.json
replay taken
matches "a call that nobody knows" "$status $output" '^2 .*system call 9999 \(unknown\) is not in the table of meanings'

# A call that writes much is told in pieces, of 4 MiB: a read of nine, printed again, in QEMU and in unicorn.
head -c 9437184 /dev/urandom >nine
env -i timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o nine.json -- "$(command -v busybox)" dd if=nine bs=9M count=1 >printed 2>/dev/null
same "nine MiB, recorded" "$? $(cmp nine printed)" "0 "
same "pieces" "$(grep -c '"kind": "data"' nine.json)" 2
for target in "--emulator qemu-x86_64 --cpu qemu64" ""; do
	# shellcheck disable=SC2086 # options
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" --log nine.json $target -q --show-output >printed 2>stderr
	same "nine MiB, replayed ${target:-in unicorn}" "$? $(cmp nine printed)" "0 "
done
# One piece is missing.
awk '/"kind": "data"/ && !done { done = 1; next } { print }' nine.json >less.json
matches "a log without one of them" "$(timeout -s KILL "$HANG_SECONDS" "$VALIDATE" --log less.json -q 2>&1)" 'stands where event .* is expected'
finish
