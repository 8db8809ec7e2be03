#!/usr/bin/env bash
# Each exit status of a run, by the way that leads to it; and a report for each verdict, which is what its schema says.
. testdata/bin/cases.sh

needs x86_64 jq
schema=$PWD/lib/report/report.schema.json
enter_scratch

# Leaves the exit status in $status, what was said on standard error in $said, the report in report.json.
run() { # OPTION...
	rm -f report.json
	said=$(timeout -s KILL 120 "$VALIDATE" -q --report report.json "$@" 2>&1)
	status=$?
}

field() { # JQ-EXPRESSION
	jq -r "$1" report.json 2>&1
}

# The report is there, and what its schema says.
conforms() { # NAME
	local said

	command -v jsonschema >/dev/null || return 0
	said=$(jsonschema -i report.json "$schema" 2>&1)
	verdict $? "the report of $1" "$said"
}

# The schema notices what is wrong.
rejects() { # NAME JQ-EXPRESSION-THAT-SPOILS-THE-REPORT
	command -v jsonschema >/dev/null || return 0
	jq "$2" report.json >spoilt.json
	jsonschema -i spoilt.json "$schema" >/dev/null 2>&1
	same "the schema: $1" $? 1
}

record() { # NAME PROGRAM ARG...
	timeout -s KILL 60 "$VALIDATE" record -q -o "$1.json" -- "${@:2}" >/dev/null
	same "$1 is recorded" $? 0
}

record hello "$guests/hello"
record loop "$guests/loop" 100000000
record reads "$guests/recorded" reads "$guests/hello"

# 0: clean; incomplete, because judging never began. 4: the same with --strict.
run --log hello.json
same "status of a clean run" "$status $said $(field .verdict)" "0  clean"
conforms "a clean run"
run --log hello.json --from 0x10
same "status of an incomplete run" "$status $said $(field '[.verdict, .unreached] | @json')" '0  ["incomplete",true]'
conforms "an incomplete run"
run --log hello.json --from 0x10 --strict
same "status of an incomplete run, --strict" "$status $(field .verdict)" "4 incomplete"
run --log hello.json --strict
same "status of a clean run, --strict" $status 0

# 1: unicorn 2.0 and QEMU 7.2 have the carry of blsi wrong.
if [ -z "$(lacking_for_bmi)" ]; then
	record bmi "$guests/bmi"
	run --log bmi.json
	same "status of a divergent run" "$status $(field '[.verdict, .findings[0].location, .findings[0].severity] | @json')" \
		'1 ["divergent","cf","confirmed"]'
	conforms "a divergent run"
	rejects "a severity of another name" '.findings[0].severity = "certain"'
	rejects "a finding without a PC" 'del(.findings[0].pc)'
	rejects "a value that is a number" '.findings[0].expected = 0'
	rejects "a PC in decimal digits" '.findings[0].pc = "12345"'
	rejects "a count that is a string" '.instructions = "1"'
	rejects "clean with findings" '.verdict = "clean"'
	rejects "a stretch of no time" '.timeline.nanoseconds[0] = -1'
	rejects "a form that nobody counted" '.coverage[0].fully = null'
	rejects "a field that is not described" '.surprise = 1'
	# Behind a finding, --strict changes nothing.
	run --log bmi.json --strict --stop-on-first
	same "status of a divergent run, --strict" $status 1
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
same "status: a report that cannot be written" \
	"$("$VALIDATE" --log hello.json --report nowhere/report.json 2>&1 >/dev/null) $?" \
	"validate: --report: write nowhere/report.json: No such file or directory 2"

# 3: the second call of the log has other arguments than the guest's.
sed 's/"name": "read", "pc": "\([^"]*\)", "args": \["0x3"/"name": "read", "pc": "\1", "args": ["0x9"/' reads.json >tampered.json
run --log tampered.json
same "status of a run that loses sync" "$status $(field '[.verdict, .lost_sync.event] | @json')" '3 ["lost-sync",1]'
matches "what the log has" "$(field .lost_sync.expected)" '^read\(9, '
matches "what the guest does" "$(field .lost_sync.observed)" '^read\(3, '
conforms "a run that loses sync"

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

# QEMU under a name that lets us know its process. It is asked for its version first.
# shellcheck disable=SC2016 # variables of the script that is written
make_emulator() { # COMMAND-AFTER-THE-START
	printf '%s\n' '#!/bin/bash' '[ "$1" = --version ] || {' 'echo $$ >pid' "$1" '}' 'exec qemu-x86_64 "$@"' >emulator
	chmod +x emulator
}

alive() {
	kill -0 "$(<pid)" 2>/dev/null && echo alive
}

if command -v qemu-x86_64 >/dev/null; then
	make_emulator '(sleep 2; kill -KILL $$) &'
	run --log loop.json --emulator ./emulator --cpu qemu64
	same "status: a stub that dies" "$status $(field .verdict)" "5 error"
	matches "a stub that dies" "$(field .error)" 'killed by signal 9'
	conforms "a stub that dies"

	make_emulator '(sleep 2; kill -STOP $$) &'
	run --log loop.json --emulator ./emulator --cpu qemu64
	same "status: a stub that stalls" "$status $(field .verdict)" "5 error"
	same "and is ended" "$(alive)" ""

	# 130: a job of a script ignores SIGINT unless told otherwise.
	make_emulator :
	rm -f report.json pid
	timeout -s KILL 120 env --default-signal=INT "$VALIDATE" -q --report report.json --log loop.json --emulator ./emulator \
		--cpu qemu64 &
	sleep 3
	same "QEMU runs" "$(alive)" alive
	kill -INT "$(pgrep -P $!)"
	wait $!
	same "status after an interrupt" $? 130
	same "and a report is there" "$(field '[.verdict, .interrupted, .instructions > 1000] | @json')" '["incomplete",true,true]'
	same "and no child is left" "$(alive)" ""
	conforms "an interrupted run"
fi
finish
