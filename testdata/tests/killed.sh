#!/usr/bin/env bash
# Killed at any moment, and out of space: what was said to be written can be read, nothing is left running, and no half file
# stands under a final name. The moments are the same every time as far as the machine's load lets them be.
. testdata/bin/cases.sh

needs x86_64 busybox
enter_scratch
RANDOM=1789
# Programs whose paths nobody else's processes have.
cp "$guests/loop" "$(command -v busybox)" .
qemu=$(command -v qemu-x86_64)

# Sleeps up to so many milliseconds.
doze() { # MAX
	local ms=$((RANDOM % $1))

	sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
}

# Processes that run a file of the scratch folder, given a moment to go.
left_running() {
	for _ in {1..600}; do
		pgrep -f "$scratch/(loop|busybox)" >/dev/null || return
		sleep 0.1
	done
	pgrep -af "$scratch/(loop|busybox)"
}

# Whole events in a log.
events_in() { # LOG
	grep -c '^{"index": .*}},\?$\|^{"index": .*\]},\?$' "$1"
}

# ---- The recorder ----

# A cut log is refused with the number of its last whole event.
check_part() { # NAME LOG
	local said events

	[ -s "$2" ] || return
	said=$(timeout -s KILL "$HANG_SECONDS" "$VALIDATE" run -q --log "$2" 2>&1)
	same "$1: status of a run by what there is" $? 2
	events=$(events_in "$2")
	if [ "$events" = 0 ]; then
		matches "$1: no event" "$said" 'cut off (in its header, )?before'
	else
		matches "$1: where it is cut" "$said" "the log is cut off; its last whole event is $((events - 1)) \(.*: record"
	fi
}

for n in {1..4}; do
	rm -f run.json*
	"$VALIDATE" record -q -o run.json -- "$scratch/busybox" dd if=/dev/zero of=/dev/null bs=1 count=90000000 2>said &
	recorder=$!
	doze 150
	kill -KILL $recorder
	wait $recorder 2>/dev/null
	same "recorder killed, $n: what is left running" "$(left_running)" ""
	same "recorder killed, $n: nothing under the final name" "$(compgen -G run.json)" ""
	check_part "recorder killed, $n" run.json.part
done

for n in {1..4}; do
	rm -f run.json*
	"$VALIDATE" record -q -o run.json -- "$scratch/busybox" dd if=/dev/zero of=/dev/null bs=1 count=90000000 2>said &
	recorder=$!
	sleep 0.1
	doze 100
	kill -TERM $recorder
	wait $recorder
	status=$?
	# Before it catches signals there is nothing to be said.
	if [ $status = 143 ]; then
		continue
	fi
	same "recorder stopped, $n: status" $status 130
	same "recorder stopped, $n: what is left running" "$(left_running)" ""
	same "recorder stopped, $n: nothing under the final name" "$(compgen -G run.json)" ""
	if [[ $(<said) =~ \(([0-9]+)\ events\ up\ to\ there\ are\ in\ run.json.part\) ]]; then
		same "recorder stopped, $n: the events that it speaks of" "$(events_in run.json.part)" "${BASH_REMATCH[1]}"
		check_part "recorder stopped, $n" run.json.part
	else
		matches "recorder stopped, $n: before any event" "$(<said)" 'interrupted'
	fi
done

# ---- A run ----

"$VALIDATE" record -q -o loop.json -- "$scratch/loop" 3000000 >/dev/null 2>&1
same "the log for runs" $? 0

start_run() { # OPTION...
	rm -f report.json* run.*
	"$VALIDATE" run --log loop.json --report report.json --trace run.trace "$@" >said 2>&1 &
	validator=$!
}

# What a trace that was cut off tells is sound.
check_trace() { # NAME
	[ -s run.trace.part ] || return
	matches "$1: the trace" "$("$VALIDATE" trace verify run.trace.part 2>&1)" \
		'(run.trace.part: .*: sound, but not whole)|(offset 0x[0-9a-f]+: (the file ends|no record|this is not))'
}

for n in {1..4}; do
	if [ -n "$qemu" ] && ((n % 2)); then start_run --qemu; else start_run; fi
	doze 500
	kill -KILL $validator
	wait $validator 2>/dev/null
	same "run killed, $n: what is left running" "$(left_running)" ""
	same "run killed, $n: nothing under final names" "$(compgen -G 'report.json'; compgen -G 'run.trace')" ""
	check_trace "run killed, $n"
done

for n in {1..4}; do
	if [ -n "$qemu" ] && ((n % 2)); then start_run --qemu; else start_run; fi
	sleep 0.15
	doze 500
	kill -TERM $validator
	wait $validator
	status=$?
	[ $status = 143 ] && continue
	same "run stopped, $n: status" $status 130
	same "run stopped, $n: what is left running" "$(left_running)" ""
	if [ -f report.json ]; then
		same "run stopped, $n: the report" "$(jq -c '[.format, .verdict, .interrupted]' report.json)" \
			'["validate-report","incomplete",true]'
		matches "run stopped, $n: the trace" "$("$VALIDATE" trace verify run.trace 2>&1)" ': sound and whole$'
	else
		matches "run stopped, $n: before it began" "$(<said)" 'validate: .*interrupted'
	fi
	same "run stopped, $n: no half files" "$(compgen -G 'r*.part')" ""
done

# One that waits for its log, and knows nothing to report yet, just ends.
mkfifo waits
"$VALIDATE" run --log waits 2>said &
validator=$!
sleep 0.3
kill -TERM $validator
wait $validator 2>/dev/null
same "stopped while it waits for its log" $? 143

# ---- A batch ----

mkdir logs
for n in 1 2 3 4; do
	"$VALIDATE" record -q -o logs/$n.json -- "$scratch/loop" 100 >/dev/null 2>&1
done
batch=("$VALIDATE" batch -q -j 2 -o results ${qemu:+--qemu} --cpu qemu64 logs)
for n in 1 2; do
	rm -rf results
	"${batch[@]}" >/dev/null 2>&1 &
	validator=$!
	doze 700
	kill -KILL $validator
	wait $validator 2>/dev/null
	same "batch killed, $n: what is left running" "$(left_running)" ""
	if [ -d results ]; then
		said=$(timeout -s KILL "$HANG_SECONDS" "${batch[@]}" --resume 2>&1)
		same "batch killed, $n: resumed, it ends well" "$? $said" "0 "
	fi
done

# ---- No space ----

"$VALIDATE" run -q --log logs/1.json --report /dev/full 2>said
same "a report on a full device: status" $? 2
matches "a report on a full device" "$(<said)" '/dev/full: No space left on device'
"$VALIDATE" record -q -o /dev/full -- "$scratch/loop" 2>said >/dev/null
same "a log on a full device: status" $? 2
matches "a log on a full device" "$(<said)" '/dev/full: No space left on device'
mkdir small
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=64k none small 2>/dev/null; then
	trap 'umount "$scratch/small"; rm -rf "$scratch"' EXIT
	head -c 60000 /dev/zero >small/filler
	"$VALIDATE" run -q --log logs/1.json --report small/report.json 2>said
	same "a report that does not fit: status" $? 2
	matches "a report that does not fit" "$(<said)" 'small/report.json.*: No space left on device'
	same "nothing under its name" "$(compgen -G 'small/report.json')" ""
	rm -f small/report.json*
	"$VALIDATE" record -q -o small/run.json -- "$scratch/busybox" ls -lR /usr/share/doc 2>said >/dev/null
	same "a log that does not fit: status" $? 2
	matches "a log that does not fit" "$(<said)" 'small/run.json.part: No space left on device'
	same "nothing under its name" "$(compgen -G 'small/run.json')" ""
	check_part "a log that does not fit" small/run.json.part
	rm -f small/run.json*
	"$VALIDATE" run -q --log loop.json --max-instructions 2000000 --trace small/run.trace --report judged.json 2>said
	same "a trace that does not fit: status" $? 2
	matches "a trace that does not fit" "$(<said)" 'the run was judged on without it: .*small/run.trace.*: No space left on device'
	same "a trace that does not fit: the report" "$(jq -c '[.verdict, .instructions]' judged.json)" '["incomplete",2000000]'
	same "nothing under its name" "$(compgen -G 'small/run.trace')" ""
fi
finish
