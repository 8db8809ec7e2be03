#!/usr/bin/env bash
# The shipped guests recorded in QEMU, for both instruction sets, and judged there and in unicorn.
. testdata/bin/cases.sh

needs jq qemu-x86_64 qemu-aarch64
[ -x "$BUILD/guests/aarch64/hello" ] || skip "there are no guests for AArch64"
enter_scratch

record() { # GUEST ARG...
	output=$(timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q --via qemu -o run.json -- "$@" 2>stderr </dev/null)
	status=$?
}

# Leaves .verdict, exit status and signal of the guest, and what was said.
judge() { # GUEST OPTION...
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" --log run.json -q --show-output --report report.json "${@:2}" "$1" >printed 2>stderr </dev/null
	status=$?
	said=$(jq -r '[.verdict, .guest.exit_status, .guest.exit_signal] | @json' report.json)
}

# In both, with the output that was recorded.
clean() { # NAME GUEST EXPECTED
	local target

	for target in --qemu ""; do
		judge "$2" ${target:+"$target"}
		same "$1 ${target:-in unicorn}" "$status $said$(jq -r '.findings[].form, (.error // "")' report.json)" "0 $3"
		same "what $1 prints ${target:-in unicorn}" "$(<printed)" "$output"
	done
}

for arch in x86_64 aarch64; do
	folder=$guests
	[ $arch = x86_64 ] || folder=$guests/aarch64

	record "$folder/hello"
	same "hello on $arch" "$status $output" "0 hello"
	clean "hello on $arch" "$folder/hello" '["clean",0,null]'
	record "$folder/loop" 40
	same "loop on $arch" "$output" "$("qemu-$arch" "$folder/loop" 40)"
	clean "loop on $arch" "$folder/loop" '["clean",0,null]'

	# QEMU's single step does not stop behind these.
	record "$folder/yields"
	same "yields on $arch" "$status $output" $'0 done\ndone\ndone'
	clean "yields on $arch" "$folder/yields" '["clean",0,null]'
	"$VALIDATE" trace -q --log run.json -o trace "$folder/yields" >printed 2>stderr
	behind=$("$VALIDATE" trace show trace | awk '/  (pause|yield)$/ { found = 1; next } found { print $2; exit }')
	for place in until:incomplete from:clean; do
		judge "$folder/yields" --qemu --"${place%:*}" "$behind"
		same "yields on $arch, --${place%:*} behind one" "$status $(jq '[.verdict, .checked > 5] | @json' -r report.json)" \
			"0 [\"${place#*:}\",true]"
	done

	# Signals that are ignored, that the program dies of, and that it handles.
	record "$folder/signals" ignore
	same "an ignored signal on $arch" "$status $output" "0 ignored"
	clean "an ignored signal on $arch" "$folder/signals" '["clean",0,null]'
	record "$folder/signals" fault
	same "a fault on $arch" "$status $(jq -r '.events[-1].name' run.json)" "0 SIGSEGV"
	clean "a fault on $arch" "$folder/signals" '["clean",null,11]'
	record "$folder/signals" code
	clean "a store to code on $arch" "$folder/signals" '["clean",null,11]'
	record "$folder/signals" abort
	same "a signal to itself on $arch" "$status $(jq -r '.events[-1].name' run.json)" "0 SIGABRT"
	clean "a signal to itself on $arch" "$folder/signals" '["clean",null,6]'
	for mode in raise segv; do
		record "$folder/signals" $mode
		same "a handler ($mode) on $arch" "$status $output" "0 0x1"
		same "its events on $arch" "$(jq -r '[.events[].name] | index("rt_sigreturn") != null' run.json)" true
		clean "a handler ($mode) on $arch" "$folder/signals" '["clean",0,null]'
	done
done

# Stepped, no store-exclusive succeeds: the sequences run as a whole, which unicorn does not need.
record "$guests/aarch64/a64atomic" 3
same "a64atomic" "$status $output" "0 0x9 0x5dc 0x33453 0xc000000000000003 0x0 0x3 0x6"
clean "a64atomic" "$guests/aarch64/a64atomic" '["clean",0,null]'
same "groups in unicorn" "$(jq -r .grouped report.json)" 0
judge "$guests/aarch64/a64atomic" --qemu --cpu cortex-a57 --lane gdb
verdict "$(($(jq -r .grouped report.json) >= 60 ? 0 : 1))" "groups in QEMU" "are $(jq -r .grouped report.json) instructions"
same "all instructions are judged" "$(jq -r '.checked == .instructions' report.json)" true
finish
