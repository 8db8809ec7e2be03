#!/usr/bin/env bash
# Instructions that fault, and those that a CPU refuses: recorded on this CPU, judged in QEMU and unicorn. Whether there is
# something to be found, the guest itself tells, run by the same emulator without validate.
. testdata/bin/cases.sh

needs x86_64 jq
enter_scratch
qemu=${VALIDATE_QEMU_X86_64:-qemu-x86_64}

# Judges a mode: its verdict, exit status and findings in $said.
judge() { # MODE OPTION...
	timeout -s KILL 60 "$VALIDATE" -q --log "$1.json" --report report.json --html report.html "${@:2}" >text 2>stderr </dev/null
	status=$?
	said=$(jq -r '[.verdict, (.findings[] | .symbol, .place, .cause, .severity)] | join(" ")' report.json)
	conforms "$*" report.json lib/report/report.schema.json
}

for mode in cross x87 ac invalid loop trap lost; do
	output=$(timeout -s KILL 60 "$VALIDATE" record -q -o $mode.json -- "$guests/faulting" $mode | tr -d '\0')
	[ $mode = lost ] || same "$mode: this CPU does what CPUs do" "$output" k
done
same "the log has the CPU" "$(jq -r .cpu.vendor cross.json)" "$(sed -n '/^vendor_id/{s/.*: //p;q}' /proc/cpuinfo)"
same "the log tells what an instruction raised" "$(jq -r '.events[] | select(.kind == "signal") | .name + " " + .place' ac.json)" \
	'SIGBUS instruction'

declare -A expected=(
	[cross]='divergent cross_here memory changed by an instruction that faulted confirmed'
	[x87]='divergent x87_here memory changed by an instruction that faulted confirmed'
	[ac]='divergent ac_here fault missing SIGBUS confirmed'
	[invalid]='divergent invalid_here fault missing SIGILL recorded'
	[loop]='divergent loop_here fault missing SIGFPE recorded')

if command -v "$qemu" >/dev/null; then
	for mode in cross x87 ac invalid loop; do
		want=${expected[$mode]}
		if [ "$("$qemu" -cpu max "$guests/faulting" $mode)" = k ]; then
			want=clean
		fi
		judge $mode --emulator "$qemu" --cpu max
		same "$mode in QEMU" "$said" "$want"
		# The run goes on as the log does.
		same "$mode in QEMU: how it ends" "$(jq -c '[.error, .guest.exit_status]' report.json)" '[null,0]'
	done
	# It may not show the trap to a program that is stepped by it.
	judge trap --emulator "$qemu" --cpu max
	[ $status != 3 ] || said+=" $(jq -r '.lost_sync.likely_cause | .mnemonic, .symbol, .reason' report.json | paste -sd' ')"
	matches "trap in QEMU" "$said" '^(clean|lost-sync popfq trap_here sets the trap flag)$'
else
	untried "faults in QEMU" "there is no $qemu"
fi

# What is not canonical raises SIGBUS by RBP alone. QEMU's user mode says SIGSEGV of all; unicorn tells no segment.
same "segments: this CPU does what CPUs do" \
	"$(timeout -s KILL 60 "$VALIDATE" record -q -o segments.json -- "$guests/stackfault")" bbbsssss
if command -v "$qemu" >/dev/null; then
	want=clean
	if [ "$("$qemu" -cpu max "$guests/stackfault")" != bbbsssss ]; then
		want=divergent
		for place in base indexed data; do
			want+=" ${place}_here fault SIGSEGV, expected SIGBUS recorded"
		done
	fi
	judge segments --emulator "$qemu" --cpu max
	same "segments in QEMU" "$said" "$want"
	same "segments in QEMU: how it ends" "$(jq -c '[.error, .guest.exit_status]' report.json)" '[null,0]'
else
	untried "segments in QEMU" "there is no $qemu"
fi
judge segments --trace segments.trace
same "segments in unicorn" "$said" clean
same "segments by its trace" "$("$VALIDATE" --trace-in segments.trace | head -n 1)" 'verdict      clean'

# unicorn knows nothing of the AC flag.
judge ac
same "ac in unicorn" "$said" "${expected[ac]}"
judge loop
same "loop in unicorn" "$said" clean
judge trap --trace trap.trace
same "trap in unicorn" "$said" clean
same "trap by its trace" "$("$VALIDATE" --trace-in trap.trace | head -n 1)" 'verdict      clean'

# Arm leaves open what several accesses have done before one faults: the run is clean whatever that is.
arm=${VALIDATE_QEMU_AARCH64:-qemu-aarch64}
if command -v "$arm" >/dev/null && [ -x "$guests/aarch64/a64faulting" ]; then
	timeout -s KILL 60 "$VALIDATE" record -q --via qemu -e "$arm" --cpu neoverse-n1 -o arm.json -- "$guests/aarch64/a64faulting" >/dev/null
	judge arm --emulator "$arm" --cpu neoverse-n1
	same "AArch64 in QEMU" "$said $(jq .guest.exit_status report.json)" 'clean 0'
	timeout -s KILL 60 "$VALIDATE" record -q --via qemu -e "$arm" --cpu neoverse-n1 -o tagged.json -- "$guests/aarch64/a64tagged" >/dev/null
	judge tagged --emulator "$arm" --cpu neoverse-n1
	same "addresses with tags in QEMU" "$said $(jq .guest.exit_status report.json)" 'clean 0'
	judge arm
	same "AArch64 in unicorn" "$said $(jq .guest.exit_status report.json)" 'clean 0'
else
	untried "faults on AArch64" "there is no $arm, or no compiler for it"
fi

# A run that leaves the log says after what.
judge lost
same "lost: status" $status 3
same "lost: the likely cause" "$(jq -c '[.verdict, (.lost_sync.likely_cause | .mnemonic, .symbol, .reason)]' report.json)" \
	'["lost-sync","rcpps","lost_here","CPUs may differ in a result"]'
matches "lost: as text" "$("$VALIDATE" --log lost.json 2>&1)" 'probably +by rcpps at 0x[0-9a-f]+ <lost_here>, [0-9]+ instructions before: CPUs may differ in a result'
matches "lost: on the page" "$(<report.html)" 'The likely cause: rcpps at 0x[0-9a-f]+'

# A log without its CPU, as older ones are, proves nothing of one. It has the signal at the POPF in front of the load,
# where no model has one.
here=$(jq -r '.events[] | select(.kind == "signal").pc' ac.json)
sed "/^\"cpu\": /d; s/\"pc\": \"$here\"/\"pc\": \"$(printf '0x%x' $((here - 1)))\"/" ac.json >older.json
mv older.json ac.json
possible='x87_here+0x11 fault missing SIGBUS possible'
judge ac
same "by a log of nobody knows what" "$status $said" "1 ${expected[ac]} $possible"
finish
