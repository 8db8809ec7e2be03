#!/usr/bin/env bash
# The shipped guests do on this CPU what they say, and bmi finds what is wrong with QEMU 7.2 and right with this CPU.
. testdata/bin/cases.sh

guests=$BUILD/guests
needs x86_64

same "hello" "$("$guests/hello")" hello
# x <- x * 6364136223846793005 + 1442695040888963407 and so on, from 1: the same on every machine.
same "loop of no rounds" "$("$guests/loop" 0)" 0x1
same "loop is deterministic" "$("$guests/loop" 1000)" "$("$guests/loop" 1000)"
matches "syscalls on this CPU" "$("$guests/syscalls" all)" "^[0-9]+ calls, 0 wrong$"

if [ -z "$(lacking_for_bmi)" ]; then
	same "bmi on this CPU" "$("$guests/bmi" check)" $'blsi: ok\nadcx, adox: ok\ncrc32: ok'
	"$guests/bmi" check >/dev/null
	same "bmi's exit status on this CPU" $? 0
else
	untried "bmi on this CPU" "it has no $(lacking_for_bmi)"
fi

if [[ $(qemu-x86_64 --version 2>/dev/null) == *"version 7.2."* ]]; then
	output=$(qemu-x86_64 -cpu max "$guests/bmi" check)
	same "bmi's exit status on QEMU 7.2" $? 1
	matches "bmi on QEMU 7.2" "$output" "^blsi: WRONG.*adcx, adox: WRONG .* first adcx r32.*crc32: WRONG .*prefix 66"
	same "loop on QEMU is the loop on this CPU" "$(qemu-x86_64 "$guests/loop" 5000)" "$("$guests/loop" 5000)"
else
	untried "bmi and loop on QEMU 7.2" "qemu-x86_64 is not that, or not there"
fi
if command -v qemu-aarch64 >/dev/null; then
	same "hello for AArch64" "$(qemu-aarch64 "$guests/aarch64/hello")" hello
	same "loop for AArch64" "$(qemu-aarch64 "$guests/aarch64/loop" 1000)" "$("$guests/loop" 1000)"
else
	untried "guests for AArch64" "there is no qemu-aarch64"
fi
finish
