#!/usr/bin/env bash
# What is written: never over what is read, no two things to one place; and what a file system or a limit refuses costs
# that file alone.
. testdata/bin/cases.sh

needs x86_64 jq
hostile=$(realpath testdata/bin/hostile.sh)
enter_scratch
# shellcheck source=testdata/bin/hostile.sh
. "$hostile"

cp "$guests/hello" hello
env -i "$VALIDATE" record -q -o good.json -- ./hello >/dev/null
run run -q --log good.json --trace good.trace --report good.report
same "the inputs are made" $status 0
echo '{"format": "validate-baseline", "version": 1, "findings": []}' >good.baseline
cp good.trace other.trace
sums=$(sha256sum hello good.* other.trace)

# Refused as a usage error, and all files are as before.
kept() { # NAME EXPRESSION COMMAND...
	refused "$1" "$2" "${@:3}"
	same "$1: nothing is changed" "$(sha256sum hello good.* other.trace)" "$sums"
	same "$1: nothing is made" "$(compgen -G '*.part'; compgen -G 'new*')" ""
}
mkdir folder
for path in good.json "$PWD/good.json" folder/../good.json link hard; do
	ln -sf good.json link && ln -f good.json hard
	kept "--report over the log, as $path" '--report would be written over the event log, ' run --log good.json --report "$path"
done
rm -f link hard
for option in report junit sarif html; do
	kept "--$option over the program" "--$option would be written over the program, " run --log good.json --$option hello hello
	kept "--$option over the trace" "--$option would be written over the trace" run --trace-in good.trace --$option good.trace
	kept "--$option over the baseline" "--$option would be written over --baseline, " \
		run --log good.json --baseline good.baseline --$option good.baseline
done
kept "--trace over the log" '--trace would be written over the event log' run --log good.json --trace good.json
kept "--trace over the program that the log names" '--trace would be written over the program' run --log good.json --trace ./hello
kept "trace -o over the log" '-o would be written over the event log' trace --log good.json -o good.json
kept "--report and --trace" '--trace and --report both go to new' run --log good.json --trace new --report new
ln -s new.file new.link
kept_link() { # NAME EXPRESSION COMMAND...
	refused "$@"
	same "$1: nothing is made" "$(compgen -G 'new.file*')" ""
}
kept_link "two reports, one by a link to nothing" 'both go to new.link' run --log good.json --report new.file --junit new.link
rm new.link
kept "two reports of one name" 'both go to folder/../new' run --log good.json --report new --junit folder/../new
kept "two reports to standard output" 'both go to standard output' run --log good.json --report - --html -
run run -q --log good.json --report /dev/null --junit /dev/null
same "two reports to a device" $status 0
kept "record -o over the program" 'the event log would be written over the program, ' record -o hello -- ./hello
PATH=$PWD:$PATH kept "record -o over a program that is found" 'over the program, ' record -o ./hello -- hello
kept "import onto its log" '-o would be written over the log' import qemu-log good.json -o good.json
kept "coverage over a report" '--output would be written over a report' coverage good.report -o ./good.report
kept "a baseline over a report" '--baseline would be written over a report' baseline update --baseline good.report good.report
kept "diff over a trace" '--report would be written over B' diff good.trace other.trace --report other.trace
kept "batch --report over a log" '--report would be written over a job' batch -o new.results --report good.json good.json
kept "batch --report over the baseline" '--report would be written over --baseline' \
	batch -o new.results --baseline good.baseline --report good.baseline good.json

# A baseline that is not there is a mistake, not an empty one.
kept "a baseline that is not there" 'new/nowhere: is not there: validate baseline update .* makes it' \
	run --log good.json --baseline new/nowhere
kept "a batch's baseline that is not there" 'new/nowhere: is not there: validate baseline update .* makes it' \
	batch -o new.results --baseline new/nowhere good.json

# ---- No room ----

# A limit of a file's size, in KiB.
limited() { # KIB COMMAND...
	said=$(
		ulimit -f "$1"
		timeout -s KILL "$HANG_SECONDS" "$VALIDATE" "${@:2}" 2>&1 >out </dev/null
	)
	status=$?
}
cp "$guests/loop" loop
env -i "$VALIDATE" record -q -o loop.json -- ./loop 1000000 >/dev/null
limited 512 run -q --log loop.json --max-instructions 600000 --trace new.trace --report new.report
same "a trace that outgrows ulimit -f: status" $status 2
matches "a trace that outgrows ulimit -f" "$said" '^validate: --trace: the run was judged on without it: write new.trace.part: File too large$'
same "the report is there all the same" "$(jq -c '[.format, .checked, .reasons]' new.report)" \
	'["validate-report",600000,["max-instructions"]]'
same "what was written is there" "$(run trace stat new.trace.part; echo $status; grep -c '^steps  *[1-9]' out)" "0
1"
limited 512 trace -q --log loop.json --max-instructions 600000 -o new2.trace
same "a trace alone: status" $status 2
matches "a trace alone" "$said" '^validate: .*write new2.trace.part: File too large$'
# A run's own memory is in files, too: what fits them and no report.
limited 1 coverage --json -o new2.report good.report
same "a report: status" $status 2
matches "a report" "$said" '^validate: write new2.report.part: File too large$'
same "a report: nothing is left" "$(compgen -G 'new2.report*')" ""
limited 8 record -q -o new.json -- "$(type -P bash)" -c 'for i in {1..200}; do : </dev/null; done'
same "a log: status" $status 2
matches "a log" "$said" 'write new.json.part: File too large'
limited 0 coverage good.report
same "standard output: status" $status 2
matches "standard output" "$said" '^validate: write standard output: File too large$'
# What is recorded has the signal as ever.
limited 100 record -o /dev/null -- "$(type -P head)" -c 1000000 /dev/zero
matches "a program that outgrows it" "$said" 'killed by signal 25 '

# ---- No time ----

env -i "$VALIDATE" record -q -o loop2.json -- ./loop 3000000 >/dev/null
run run --log loop2.json --timeout 2 --report report.json
same "a run that takes too long" "$status $said $(jq -c '[.verdict, .reasons, .interrupted]' report.json)" \
	'0  ["incomplete",["timeout"],false]'
run run -q --log loop2.json --timeout 2 --strict
same "a run that takes too long, --strict" "$status $said" "4 "
mkfifo fifo
exec 9<>fifo
run run --log fifo --timeout 0.5
same "a log that does not come: status" $status 5
matches "a log that does not come" "$said" '^validate: --timeout: not done after 0.5 s: .*interrupted'
exec 9>&-
run record -q -o slow.json --timeout 0.5 -- "$(type -P sleep)" $((2 * HANG_SECONDS))
same "a program that does not end: status" $status 5
matches "a program that does not end" "$said" '--timeout: not done after 0.5 s: .*slow.json.part'
run run --log good.json --timeout nonsense
same "a time that is none" "$status" 2

# ---- Memory ----

run run -j 8 --trace-in good.trace --trace-memory 1
same "a limit of memory" "$status" 0
run trace -q -o long.trace --log loop.json --max-instructions 300000
run run -j 8 --trace-in long.trace --trace-memory 1
same "a limit that all threads do not fit: status" $status 0
matches "a limit that all threads do not fit" "$said" '-j 8: [1-7] threads?: more would hold more than 1 MiB of the trace'
cp out one
run run -j 8 --trace-in long.trace
same "the same without it" "$status $said $(grep -c "$(grep -o '^instructions [0-9,]*: [0-9,]* checked' one)" out)" "0  1"
finish
