#!/usr/bin/env bash
# Handlers of signals: recorded on this CPU and in QEMU, and delivered again where the log says; what the guest prints of
# them is what it printed then, and traces of such runs come to the same.
. testdata/bin/cases.sh

needs x86_64 jq
enter_scratch

record() { # GUEST OPTION... -- ARG
	output=$(timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o run.json "${@:2:$#-3}" -- "$1" "${!#}" 2>stderr </dev/null)
	status=$?
}

judge() { # OPTION...
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" --log run.json -q --show-output --report report.json "$@" >printed 2>stderr </dev/null
	status=$?
	said=$(jq -r '[.verdict, .guest.exit_status, .events.delivered, .error] | @json' report.json)
}

# The targets that there are for an instruction set.
targets=("")
if command -v qemu-x86_64 >/dev/null; then
	targets+=("--emulator qemu-x86_64 --cpu qemu64")
fi

# As recorded, in each target.
clean() { # NAME EXPECTED
	local target

	same "$1: recorded" "$status ${output##* }" "0 fine"
	for target in "${targets[@]}"; do
		# shellcheck disable=SC2086 # options
		judge $target
		same "$1: ${target:-in unicorn}" "$status $said $(<printed)" "0 $2 $output"
	done
}

# ---- Each on this CPU ----

for mode in keep:1 alt:2 nested:2 stacked:2 restart:1 eintr:1 suspend:1 calls:1 amid:1 leave:1 faults:3; do
	record "$guests/handlers" -- "${mode%:*}"
	clean "${mode%:*}" "[\"clean\",0,${mode#*:},null]"
done

record "$guests/handlers" -- once
same "once: recorded" "$status $output $(jq -r '.events[-1].name' run.json)" "0 first SIGUSR1"
for target in "${targets[@]}"; do
	# shellcheck disable=SC2086 # options
	judge $target
	same "once: ${target:-in unicorn}" "$status $(jq -c '[.verdict, .guest.exit_signal, .events.delivered]' report.json)" \
		'0 ["clean",10,1]'
done

# ---- Where the log knows of a place no more than its registers ----

record "$guests/handlers" -- spin
clean spin '["clean",0,1,null]'
same "spin: its place" "$(grep -o '"name": "SIGALRM".*"place": "[a-z]*"' run.json | grep -o '[a-z]*"$')" 'between"'
sed -i '/"kind": "signal"/ s/"before": {[^}]*}, //' run.json
for target in "${targets[@]}"; do
	# shellcheck disable=SC2086 # options
	judge $target
	same "no registers: ${target:-in unicorn}" "$status $(jq -r .verdict report.json)" "2 error"
	matches "no registers: what is said" "$(jq -r .error report.json)" \
		"^event 2: signal SIGALRM came between two instructions .pc 0x[0-9a-f]+ "
done

# A frame that is not whole, or of another shape.
record "$guests/handlers" -- keep
mv run.json whole.json
spoil() { # NAME EXPRESSION MESSAGE
	sed "/\"kind\": \"signal\"/ { $2; }" whole.json >run.json
	same "$1: the script spoils something" "$(cmp -s whole.json run.json && echo same)" ""
	judge
	matches "$1" "$status $(<stderr)$(jq -r .error report.json)" "^2 .*$3: record it again"
}
spoil "a log without the frame" 's/"writes": \[{.*}\]/"writes": []/' "has no frame"
spoil "a log with a part of it" 's/"data": "[^"]*"/"data": "AAAA"/' "has no whole frame"
spoil "a log without the stack's pointer" 's/"rsp": "[^"]*", //' "has no whole frame"

# ---- Traces ----

for mode in keep nested; do
	record "$guests/handlers" -- $mode
	judge --trace run.vtrace
	same "$mode: the traced run" "$status" 0
	jq -S '.events, .instructions, .checked, .verdict, .unseen, .timeline.system_calls[].name' report.json >live
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" --trace-in run.vtrace -q --report report.json
	same "$mode: its trace" "$? $(jq -S '.events, .instructions, .checked, .verdict, .unseen, .timeline.system_calls[].name' report.json)" \
		"0 $(<live)"
	matches "$mode: shown" "$("$VALIDATE" trace show run.vtrace -n 2000)" "event [0-9]+, delivery of signal 1[01] .SIG(SEGV|USR1)."
	matches "$mode: a timeline of signals" "$(jq -r '[.timeline.system_calls[].name] | join(" ")' report.json)" "SIG(SEGV|USR1)"
done

# ---- In QEMU, both instruction sets ----

for arch in x86_64 aarch64; do
	folder=$guests
	[ $arch = x86_64 ] || folder=$guests/aarch64
	if ! command -v qemu-$arch >/dev/null || ! [ -x "$folder/handlers" ]; then
		continue
	fi
	targets=("" "--emulator qemu-$arch")
	for mode in keep:1 alt:2 nested:2 stacked:2 restart:1 eintr:1 suspend:1 leave:1 bare:2 faults:$([ $arch = x86_64 ] && echo 3 || echo 2); do
		record "$folder/handlers" --via qemu -- "${mode%:*}"
		clean "${mode%:*} of $arch, recorded in QEMU" "[\"clean\",0,${mode#*:},null]"
	done
done
finish
