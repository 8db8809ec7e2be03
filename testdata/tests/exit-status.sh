#!/usr/bin/env bash
# Each exit status of a run, by the way that leads to it; and a report for each verdict, which is what its schema says.
. testdata/bin/cases.sh

needs x86_64 jq
schema=lib/report/report.schema.json
enter_scratch

# Leaves the exit status in $status, what was said on standard error in $said, the report in report.json.
run() { # OPTION...
	rm -f report.json
	said=$(timeout -s KILL "$HANG_SECONDS" "$VALIDATE" -q --report report.json "$@" 2>&1)
	status=$?
}

field() { # JQ-EXPRESSION
	jq -r "$1" report.json 2>&1
}

record() { # NAME PROGRAM ARG...
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o "$1.json" -- "${@:2}" >/dev/null
	same "$1 is recorded" $? 0
}

record hello "$guests/hello"
record loop "$guests/loop" 100000000
record reads "$guests/recorded" reads "$guests/hello"

# 0: clean.
run --log hello.json
same "status of a clean run" "$status $said $(field '[.verdict, .reasons] | @json')" '0  ["clean",[]]'
conforms "the report of a clean run" report.json $schema
rejects_json "a clean run with a reason why not" report.json $schema '.reasons = ["unseen"]'
rejects_json "a reason of another name" report.json $schema '.verdict = "incomplete" | .reasons = ["tired"]'
rejects_json "incomplete for no reason" report.json $schema '.verdict = "incomplete"'
rejects_json "failing on nothing" report.json $schema '.fail_on = "info"'
run --log hello.json --strict
same "status of a clean run, --strict" $status 0

# 0: incomplete, because a limit ended the run, whose instructions are counted from where judging begins. 4: with --strict.
for limit in "--max-instructions 20" "--until guest_main"; do
	read -ra options <<<"$limit"
	run --log loop.json "${options[@]}"
	same "status of a run with $limit" "$status $said $(field '[.verdict, .reasons] | @json')" \
		"0  [\"incomplete\",[\"${options[0]#--}\"]]"
	conforms "the report of a run with $limit" report.json $schema
	run --log loop.json --strict "${options[@]}"
	same "status of a run with $limit, --strict" "$status $(field .verdict)" "4 incomplete"
done
run --log loop.json --from guest_main --max-instructions 20
same "a limit counts what is judged" "$status $(field '[.verdict, .reasons, .checked, .instructions - .passed_over] | @json')" \
	'0 ["incomplete",["max-instructions"],20,20]'
matches "what was before it" "$(field .passed_over)" '^[1-9][0-9]*$'

# 4: nothing was judged, with --strict or without.
for strict in "" --strict; do
	run --log hello.json --from 0x10 $strict
	same "status of a run that never came to --from $strict" \
		"$status $said $(field '[.verdict, .unreached, .reasons] | @json')" \
		'4  ["incomplete",true,["nothing-judged","start-not-reached"]]'
	conforms "the report of a run that judged nothing $strict" report.json $schema
	run --log hello.json --until _start $strict
	same "status of a run of no instruction $strict" "$status $said $(field '[.verdict, .reasons, .instructions] | @json')" \
		'4  ["incomplete",["nothing-judged","until"],0]'
done

# 1: unicorn 2.0 and QEMU 7.2 have the carry of blsi wrong.
if [ -z "$(lacking_for_bmi)" ]; then
	record bmi "$guests/bmi"
	run --log bmi.json
	same "status of a divergent run" "$status $(field '[.verdict, .findings[0].location, .findings[0].severity] | @json')" \
		'1 ["divergent","cf","confirmed"]'
	conforms "the report of a divergent run" report.json $schema
	rejects_json "a severity of another name" report.json $schema '.findings[0].severity = "certain"'
	rejects_json "a finding without a PC" report.json $schema 'del(.findings[0].pc)'
	rejects_json "a value that is a number" report.json $schema '.findings[0].expected = 0'
	rejects_json "a PC in decimal digits" report.json $schema '.findings[0].pc = "12345"'
	rejects_json "a count that is a string" report.json $schema '.instructions = "1"'
	rejects_json "clean with findings" report.json $schema '.verdict = "clean"'
	rejects_json "incomplete with findings that count" report.json $schema '.verdict = "incomplete"'
	rejects_json "divergent without any that counts" report.json $schema '.findings[].counts = false'
	rejects_json "a stretch of no time" report.json $schema '.timeline.nanoseconds[0] = -1'
	rejects_json "a form that nobody counted" report.json $schema '.coverage[0].fully = null'
	rejects_json "a field that is not described" report.json $schema '.surprise = 1'
	# All of them are sure, and known: stale entries alone are left for --strict.
	same "findings that are sure" "$(field '[.findings[].severity] | unique | @json')" '["confirmed"]'
	run --log bmi.json --fail-on confirmed
	same "status of a divergent run, --fail-on confirmed" "$status $(field '[.verdict, .fail_on] | @json')" \
		'1 ["divergent","confirmed"]'
	"$VALIDATE" baseline update -q --baseline known.json report.json
	run --log bmi.json --baseline known.json --strict
	same "status with all known, --strict" "$status $(field '[.verdict, .reasons] | @json')" '0 ["divergent",[]]'
	sed -i '0,/"form": "blsi r32, r32".*/s//&\n{"arch": "x86_64", "form": "blsi r32, r32", "place": "memory", "cause": "value"},/' known.json
	run --log bmi.json --baseline known.json --strict
	same "status with a stale entry, --strict" "$status $(field .baseline.stale)" "4 1"
	run --log bmi.json --baseline known.json
	same "status with a stale entry" $status 0
	# Behind a finding, --strict changes nothing.
	run --log bmi.json --strict --stop-on-first
	same "status of a divergent run, --strict" $status 1
else
	untried "a divergent run" "this CPU has no $(lacking_for_bmi)"
fi

# 2: the command line, the log, the program, the report.
unusable() { # NAME SAID OPTION...
	run "${@:3}"
	same "status: $1" $status 2
	matches "$1" "$said" "$2"
	same "$1: no report" "$(ls report.json 2>&1)" "ls: cannot access 'report.json': No such file or directory"
}

unusable "no log" "no event log given"
unusable "an unknown option" "unknown option|unrecognized" --log hello.json --nosuch
unusable "a log that is not there" "nosuch.json: No such file" --log nosuch.json
unusable "a log that is none" "text" --log text
head -c 1000 hello.json >cut.json
unusable "a log that was cut off" "cut.json" --log cut.json
unusable "another program" "is not the program that the log was recorded from" --log hello.json "$guests/loop"
unusable "no such symbol" "neither an address nor a symbol" --log hello.json --from nosuchsymbol
unusable "two targets" "exclude each other" --log hello.json --emulator qemu-x86_64 --remote localhost:1
unusable "a log of a stub that is there" "^validate: --lane goes with --qemu" --log hello.json --remote localhost:1 --lane log
unusable "a lane of unicorn" "^validate: --lane goes with --qemu" --log hello.json --lane gdb
unusable "blocks of a stub that is there" "^validate: --granularity block goes with --qemu" \
	--log hello.json --remote localhost:1 --granularity block
unusable "blocks of unicorn" "^validate: --granularity block goes with --qemu" --log hello.json --granularity block
unusable "blocks that are stepped" "--granularity block is for the log" --log hello.json --qemu --lane gdb --granularity block
unusable "no such lane" "'middle' is no lane: auto, log or gdb" --log hello.json --qemu --lane middle
unusable "a trace of blocks" "^validate: a trace has what was seen behind each instruction" \
	--log hello.json --qemu --granularity block --trace blocks.vtrace
said=$("$VALIDATE" trace --log hello.json --qemu --granularity block -o unwritten.vtrace 2>&1)
same "a trace of blocks alone" "$? ${said%%,*}" "2 validate: a trace has what was seen behind each instruction"
unusable "no such granularity" "'half' is no granularity: insn or block" --log hello.json --qemu --granularity half
unusable "a lane of a trace" "^validate: --lane does not go with --trace-in" --trace-in nosuch --lane log
unusable "blocks of a trace" "^validate: --granularity does not go with --trace-in" --trace-in nosuch --granularity block
for option in "--lane log" "--granularity block"; do
	read -ra options <<<"$option"
	same "trace $option without QEMU" \
		"$("$VALIDATE" trace --log hello.json -o unwritten.vtrace "${options[@]}" 2>&1 | cut -d , -f 1 | cut -d : -f 2) $?" \
		" ${option/--lane log/--lane} goes with --qemu or --emulator 0"
	same "trace $option without QEMU: nothing is written" "$(ls unwritten.vtrace* 2>/dev/null)" ""
done
same "status: a report that cannot be written" \
	"$("$VALIDATE" --log hello.json --report nowhere/report.json 2>&1 >/dev/null) $?" \
	"validate: --report: write nowhere/report.json: No such file or directory 2"

# 3: the second call of the log has other arguments than the guest's.
sed 's/"name": "read", "pc": "\([^"]*\)", "args": \["0x3"/"name": "read", "pc": "\1", "args": ["0x9"/' reads.json >tampered.json
run --log tampered.json
same "status of a run that loses sync" "$status $(field '[.verdict, .lost_sync.event] | @json')" '3 ["lost-sync",1]'
matches "what the log has" "$(field .lost_sync.expected)" '^read\(9, '
matches "what the guest does" "$(field .lost_sync.observed)" '^read\(3, '
conforms "the report of a run that loses sync" report.json $schema

# 2: a CPU that there is not.
run --log hello.json --cpu nosuch
same "status: no such CPU" $status 2
matches "the CPUs that there are" "$said" 'no CPU model nosuch .*it has max, .*, EPYC'
run --log hello.json --cpu max
same "status: the CPU with all that unicorn has" $status 0

# 5: a stub that is not there, one that cannot be started, one that dies, one that stalls.
run --log hello.json --remote localhost:1
same "status: nobody listens" "$status $said" "5 validate: connect localhost:1: Connection refused"
run --log hello.json --remote unix:nosuch
same "status: no socket" $status 5
run --log hello.json --emulator nosuchemulator
same "status: no emulator" $status 5
matches "no emulator" "$said" "no emulator nosuchemulator"
run --log hello.json --emulator /bin/false
same "status: no QEMU" $status 5

# QEMU under a name that lets us know its process. It is asked for its version and its options first. No sandbox would let it do that.
# shellcheck disable=SC2016 # variables of the script that is written
make_emulator() { # COMMAND-AFTER-THE-START
	printf '%s\n' '#!/bin/bash' '[[ $1 = --version || $1 = --help ]] || {' 'echo $$ >pid' "$1" '}' 'exec qemu-x86_64 "$@"' >emulator
	chmod +x emulator
}

# For the emulator: waits until it has worked for a while, which is more than its start takes.
# shellcheck disable=SC2016 # for the script that is written
warmed_up='until [ "$(cut -d " " -f 14 /proc/$$/stat)" -ge 20 ]; do sleep 0.1; done'

alive() {
	kill -0 "$(<pid)" 2>/dev/null && echo alive
}

if command -v qemu-x86_64 >/dev/null; then
	run --log hello.json --qemu --cpu nosuch
	same "status: no such CPU in QEMU" $status 2
	matches "QEMU's CPUs" "$said" "nosuch.*-cpu help lists"

	# What was seen how adds up; auto falls back where the emulator has no log that can be read, and says so.
	for lane in log gdb auto; do
		run --log hello.json --qemu --cpu qemu64 --lane $lane
		same "status of --lane $lane" "$status $said" "0 "
		conforms "the report of --lane $lane" report.json $schema
		same "what --lane $lane saw" "$(field 'if .lane then .lane.granularity, (.lane | .logged + (.stepped | add)) + .events.total
			== .instructions, .lane.stands > 0 else "stepped", .lane_refused end | tostring' | tr '\n' ' ')" \
			"$([ $lane = gdb ] && echo "stepped null " || echo "insn true true ")"
	done
	run --log loop.json --qemu --cpu qemu64 --granularity block --max-instructions 20000
	same "status of blocks" "$status $said $(field '[.verdict, .lane.granularity, .in_blocks >= 2 * .blocks] | @json')" \
		'0  ["incomplete","block",true]'
	conforms "the report of blocks" report.json $schema
	rejects_json "a lane without its reasons" report.json $schema 'del(.lane.stepped.code)'
	rejects_json "a lane of another granularity" report.json $schema '.lane.granularity = "page"'
	# shellcheck disable=SC2016 # variables of the script that is written
	printf '%s\n' '#!/bin/bash' 'case $1 in --help) echo nothing;; *) exec qemu-x86_64 "$@";; esac' >nolog
	chmod +x nolog
	run --log hello.json --emulator ./nolog --cpu qemu64
	same "status without a log to be read" "$status $said $(field '[.verdict, .lane] | @json')" '0  ["clean",null]'
	matches "why there is none" "$(field .lane_refused)" "no option for one instruction a block"
	conforms "the report of a run without a log to be read" report.json $schema
	run --log hello.json --emulator ./nolog --cpu qemu64 --lane log
	same "status of --lane log without a log to be read" "$status" 2
	same "and no report" "$(ls report.json 2>&1)" "ls: cannot access 'report.json': No such file or directory"

	make_emulator "($warmed_up; kill -KILL \$\$) &"
	run --log loop.json --emulator ./emulator --sandbox off --cpu qemu64
	same "status: a stub that dies" "$status $(field .verdict)" "5 error"
	matches "a stub that dies" "$(field .error)" 'killed by signal 9'
	conforms "the report of a stub that dies" report.json $schema

	make_emulator "($warmed_up; kill -STOP \$\$) &"
	run --log loop.json --emulator ./emulator --sandbox off --cpu qemu64
	same "status: a stub that stalls" "$status $(field .verdict)" "5 error"
	same "and is ended" "$(alive)" ""

	# 130: a job of a script ignores SIGINT unless told otherwise.
	make_emulator "($warmed_up; touch warm) &"
	rm -f report.json pid warm
	timeout -s KILL "$HANG_SECONDS" env --default-signal=INT "$VALIDATE" -q --report report.json --log loop.json --emulator ./emulator \
		--sandbox off --cpu qemu64 &
	for _ in {1..600}; do
		[ ! -e warm ] || break
		sleep 0.1
	done
	same "QEMU runs" "$(alive)" alive
	kill -INT "$(pgrep -P $!)"
	wait $!
	same "status after an interrupt" $? 130
	same "and a report is there" "$(field '[.verdict, .interrupted, .instructions > 1000] | @json')" '["incomplete",true,true]'
	same "and no child is left" "$(alive)" ""
	conforms "the report of an interrupted run" report.json $schema
else
	untried "stubs that die and stall, interrupts" "there is no qemu-x86_64"
fi
finish
