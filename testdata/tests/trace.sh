#!/usr/bin/env bash
# Traces: what a run of an emulator shows is in the file, and judging that comes to what the run came to, without the
# emulator; a file that was cut off or damaged says so.
. testdata/bin/cases.sh

needs x86_64 jq busybox
make_scratch

judge() { # ARG...
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" --no-progress "$@" 2>&1
}

# All of a report but what needs the guest (the memory audit), and what tells of time: how long it took, and where the run was
# at moments that time chose. Forms stand in the order in which they were first decoded, which is ahead of execution in a run.
lasting() { # REPORT
	jq -S 'del(.seconds, .instructions_per_second, .timeline.nanoseconds, .timeline.pc)
		| .coverage |= sort_by(.form, .encoding) | del(.timeline.system_calls[].at, .timeline.system_calls[].nanoseconds)
		| del(.timeline.slowest, .memory_audit, .sandbox, .lane, .lane_refused)' "$1"
}

# A run with a trace, then the trace judged by one thread and by two: the same reports.
compare() { # NAME LOG RUN-ARG...
	local name=$1 log=$2 live status jobs

	judge --log "$log" --trace "$scratch/$name.vtrace" -q --report "$scratch/$name.live" "${@:3}" >/dev/null
	live=$?
	for jobs in 1 2; do
		judge --trace-in "$scratch/$name.vtrace" -j $jobs -q --report "$scratch/$name.json" >/dev/null
		status=$?
		same "$name: exit status with -j $jobs" $status $live
		same "$name: report with -j $jobs" "$(lasting "$scratch/$name.json")" "$(lasting "$scratch/$name.live")"
	done
	matches "$name: the trace" "$("$VALIDATE" trace verify "$scratch/$name.vtrace")" "sound and whole$"
}

record() { # LOG COMMAND...
	"$VALIDATE" record -q -o "$1" -- "${@:2}" >/dev/null || echo "not recorded: ${*:2}"
}

# ---- The same reports ----

# shellcheck disable=SC2016 # the shell that is recorded expands it
record "$scratch/busybox.json" busybox sh -c 'for i in 1 2 3; do printf "%s\n" $i; done; read x </dev/null; exit 3'
compare busybox "$scratch/busybox.json" --cpu qemu64
same "busybox: verdict" "$(jq -r .verdict "$scratch/busybox.json")" clean
same "busybox: its exit status" "$(jq .guest.exit_status "$scratch/busybox.json")" 3

record "$scratch/bmi.log" "$BUILD/guests/bmi" check
if [[ $(qemu-x86_64 --version 2>/dev/null) == *"version 7.2."* ]]; then
	compare bmi "$scratch/bmi.log" --emulator "$(command -v qemu-x86_64)" --cpu max --max-instructions 12000
	kinds=$(jq -r '[.findings[].mnemonic] | unique | join(" ")' "$scratch/bmi.json")
	same "bmi: the kinds of findings in QEMU 7.2" "$kinds" "adcx adox blsi crc32"
	same "bmi: only the first" "$(judge --trace-in "$scratch/bmi.vtrace" --stop-on-first -q --report - -j 2 |
		jq -c '[.findings[0].mnemonic, (.findings | length), .limited]')" '["blsi",1,true]'
else
	untried bmi "qemu-x86_64 is not 7.2, or not there"
fi

# Memory that may not be written to, or is not there, is not the emulator's doing: the log has the signal, too.
for mode in fault code; do
	record "$scratch/$mode.log" "$BUILD/guests/signals" $mode
	compare $mode "$scratch/$mode.log"
	same "$mode: killed as in the log" "$(jq -c '[.verdict, .guest.exit_signal]' "$scratch/$mode.json")" '["clean",11]'
	matches "$mode: told" "$(judge --trace-in "$scratch/$mode.vtrace")" "guest +was killed by signal 11 .SIGSEGV."
	# A log that goes on there.
	sed -i '/"kind": "signal"/d; /"kind": "killed"/ { s/"index": 2/"index": 1/
		s/"killed", "number": 11, "name": "SIGSEGV"/"syscall", "number": 39, "name": "getpid"/; }' "$scratch/$mode.log"
	compare "$mode.lost" "$scratch/$mode.log"
done
same "a store to nowhere that the log does not have" "$(jq -c '[.verdict, .lost_sync.event, .lost_sync.observed]' \
	"$scratch/fault.lost.json")" '["lost-sync",1,"signal SIGSEGV"]'
same "a store to code, likewise" "$(jq -c '[.verdict, .findings[0].place, .lost_sync.observed]' \
	"$scratch/code.lost.json")" '["divergent","fault","signal SIGSEGV"]'

# ---- Limits ----

record "$scratch/hello.json" "$BUILD/guests/hello"
for limit in "--max-instructions 5" "--until 0x401005"; do
	read -ra options <<<"$limit"
	compare "hello${options[0]}" "$scratch/hello.json" "${options[@]}"
	same "hello $limit: the reason is in the trace" "$(jq -c '[.verdict, .reasons]' "$scratch/hello${options[0]}.json")" \
		"[\"incomplete\",[\"${options[0]#--}\"]]"
done

trace=$scratch/busybox.vtrace
steps=$(jq .instructions "$scratch/busybox.json")
matches "so many instructions" "$(judge --trace-in "$trace" --max-instructions 700)" "instructions 700: 700 checked"
pc=$("$VALIDATE" trace show "$trace" --at 500 -n 1 | sed -n 's/^ *500  \(0x[0-9a-f]*\) .*/\1/p')
first=$("$VALIDATE" trace show "$trace" --pc "$pc" -n 1 | sed -n "s/^ *\([0-9]*\)  $pc .*/\1/p")
matches "until a place" "$(judge --trace-in "$trace" --until "$pc")" "instructions $((first - 1)): "
matches "from a place" "$(judge --trace-in "$trace" --from "$pc" -q --report - | jq -r '"\(.instructions) \(.checked)"')" \
	"^$steps $((steps - first + 1))$"
matches "from a place, so many" "$(judge --trace-in "$trace" --from "$pc" --max-instructions 30)" \
	"instructions $((first + 29)): 30 checked, $((first - 1)) before --from"
same "why it is incomplete" "$(judge --trace-in "$trace" --from "$pc" --max-instructions 30 -q --report - |
	jq -c '[.verdict, .reasons, .passed_over]')" "[\"incomplete\",[\"max-instructions\"],$((first - 1))]"
same "until a place, likewise" "$(judge --trace-in "$trace" --until "$pc" -q --report - | jq -c '[.verdict, .reasons]')" \
	'["incomplete",["until"]]'
matches "from nowhere" "$(judge --trace-in "$trace" --from 0x10)" "no instruction was judged"
judge --trace-in "$trace" --from 0x10 -q >/dev/null
same "from nowhere: exit status" $? 4
judge --log "$scratch/hello.json" -q --trace "$scratch/none.vtrace" --until _start >/dev/null
same "a run of no instruction: exit status" $? 4
same "its trace judged" "$(judge --trace-in "$scratch/none.vtrace" -q --report - | jq -c '[.verdict, .reasons, .instructions]')" \
	'["incomplete",["nothing-judged","until"],0]'

# ---- Recording alone ----

"$VALIDATE" trace --log "$scratch/hello.json" -q -o "$scratch/hello.vtrace"
same "recorded without judging" "$(judge --trace-in "$scratch/hello.vtrace" -q --report - | jq -r .verdict)" clean
output=$("$VALIDATE" trace show "$scratch/hello.vtrace" --at 1 -n 1 --regs)
matches "show --regs" "$output" " rax 0x0000000000000000"
matches "stat" "$("$VALIDATE" trace stat "$scratch/hello.vtrace")" "steps .* in 1 chunk; .*mnemonics.*mov .*hot spots"
matches "from a symbol" "$("$VALIDATE" trace show "$scratch/hello.vtrace" --pc _start -n 1)" "0x[0-9a-f]+ <_start>  "
matches "a call" "$("$VALIDATE" trace show "$scratch/hello.vtrace" -n 1000)" "call write\(1, 0x[0-9a-f]+, 6\) = 6.*event 0, emulated"
matches "no such symbol" "$("$VALIDATE" trace show "$scratch/hello.vtrace" --pc nowhere 2>&1)" "neither an address nor a symbol"
matches "no step 0" "$("$VALIDATE" trace show "$scratch/hello.vtrace" --at 0 2>&1)" "counted from 1"
"$VALIDATE" --trace-in "$scratch/hello.vtrace" -q "$BUILD/guests/loop" 2>"$scratch/other"
matches "symbols of another program" "$? $(<"$scratch/other")" "^2 .*is not the program that was traced"
matches "no such step" "$("$VALIDATE" trace show "$scratch/hello.vtrace" --at 100000 2>&1)" "there is no step 100000"

# ---- Cut and damaged ----

record "$scratch/loop.json" "$BUILD/guests/loop" 4000
judge --log "$scratch/loop.json" -q --trace "$scratch/loop.vtrace" --max-instructions 80000
head -c 100000 "$scratch/loop.vtrace" >"$scratch/cut.vtrace"
output=$(judge --trace-in "$scratch/cut.vtrace")
matches "cut: judged as far as it goes" "$output" "verdict +incomplete.*instructions [0-9,]+: .*the trace that was judged is not whole: "
judge --trace-in "$scratch/cut.vtrace" -q --strict >/dev/null
same "cut: exit status with --strict" $? 4
matches "cut: verify" "$("$VALIDATE" trace verify "$scratch/cut.vtrace" 2>&1)" "sound, but not whole.*offset 0x.*cut off"
cp "$scratch/loop.vtrace" "$scratch/bad.vtrace"
printf '\377\377\377' | dd of="$scratch/bad.vtrace" bs=1 seek=60000 conv=notrunc status=none
judge --trace-in "$scratch/bad.vtrace" -q -j 2 >/dev/null
same "damaged: exit status" $? 2
matches "damaged: where" "$("$VALIDATE" trace verify "$scratch/bad.vtrace" 2>&1)" "bad.vtrace: offset 0x[0-9a-f]+: .*checksum"
matches "not a trace" "$(judge --trace-in "$scratch/loop.json")" "loop.json: no state of a CPU is there: .*to be judged is a trace of"
matches "a trace and a log" "$(judge --trace-in "$trace" --log "$scratch/loop.json")" "--log does not go with"
matches "a run with threads" "$(judge --log "$scratch/loop.json" -j 2)" "-j is for --trace-in"
matches "no threads" "$(judge --trace-in "$trace" -j 0)" "-j: 1 to 1024 threads"

# What is killed leaves what it had, and nothing under the final name.
record "$scratch/long.json" "$BUILD/guests/loop" 20000000
"$VALIDATE" --log "$scratch/long.json" -q --no-progress --trace "$scratch/killed.vtrace" &
killed=$!
for _ in $(seq 1200); do
	[ "$(stat -c %s "$scratch/killed.vtrace.part" 2>/dev/null || echo 0)" -gt 20000 ] && break
	sleep 0.05
done
kill -KILL $killed
wait $killed 2>/dev/null
matches "killed: readable" "$("$VALIDATE" trace verify "$scratch/killed.vtrace.part" 2>&1)" "sound, but not whole"
same "killed: no half trace under the name" "$([ -e "$scratch/killed.vtrace" ] || echo none)" none
finish
