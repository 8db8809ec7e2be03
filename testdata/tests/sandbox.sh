#!/usr/bin/env bash
# What a log, its guest and an emulator cannot do to this machine: the log's environment runs nothing, and an emulator that
# tries what no guest needs is ended, which the report says. In each QEMU that there is.
. testdata/bin/cases.sh

needs x86_64 jq bash
enter_scratch
schema=lib/report/report.schema.json

# Leaves the exit status in $status, what was said on standard error in $said, the report in report.json.
run() { # OPTION...
	rm -f report.json
	said=$(timeout -s KILL "$HANG_SECONDS" "$VALIDATE" -q --report report.json "$@" 2>&1 </dev/null)
	status=$?
}

# Has the emulator $qemu under another name, behind these lines.
script() { # FILE LINE...
	printf '%s\n' '#!/bin/bash' "${@:2}" "exec $qemu \"\$@\"" >"$1"
	chmod +x "$1"
}

timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o run.json -- "$guests/hello" >/dev/null
same "a program is recorded" $? 0
timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o loop.json -- "$guests/loop" 100000000 >/dev/null
same "a long program is recorded" $? 0

# The same log with variables that scripts obey.
echo "echo sourced >>$PWD/obeyed" >commands
added="\"BASH_ENV=$PWD/commands\", \"BASH_FUNC_basename%%=() { echo called >>$PWD/obeyed; }\", \"TWICE=1\", \"TWICE=2\", \
\"COMMAS=a,b=c,\", \"LD_PRELOAD=/no/such,thing\", "
sed "s|\"environment\": \\[|&$added|" run.json >hostile.json
same "the log has an environment" "$(grep -c 'BASH_ENV=.*COMMAS=a,b=c,' hostile.json)" 1

try_in() { # QEMU
	local qemu=$1 mode

	for mode in on off; do
		run --log run.json --emulator "$qemu" --sandbox $mode
		same "$qemu, --sandbox $mode" "$status $said $(jq -r '[.verdict, .sandbox.on, .sandbox.refused] | @json' report.json)" \
			"0  [\"clean\",$([ $mode = on ] && echo true || echo false),false]"
		conforms "$qemu, --sandbox $mode" report.json $schema

		script emulator 'basename x >/dev/null' 'env >>seen' 'printf "%s\n" "$@" >>seen'
		[ $mode = off ] || script emulator 'basename x >/dev/null'
		run --log hostile.json --emulator ./emulator --sandbox $mode
		same "$qemu, --sandbox $mode, by a script, with a hostile environment" "$status $said $(jq -r .verdict report.json)" \
			"0  clean"
		same "$qemu, --sandbox $mode: what the log's environment ran" "$(cat obeyed 2>/dev/null)" ""
		rm -f obeyed
	done
	matches "$qemu: the script sees our variables" "$(<seen)" 'PATH='
	same "$qemu: and none of the log's" "$(grep -E 'BASH_|TWICE|COMMAS|LD_PRELOAD' seen)" ""
	rm -f seen

	# What scripts do on their way. timeout(1) would make a group of its own.
	# shellcheck disable=SC2016 # for the script that is written
	script emulator 'read -r x <<<"here"' 'cat <<END >/dev/null' "$HOME" END 'x=$(uname -a | tr a b)' 'ulimit -c 0' \
		'timeout 60 true; taskset -c "$(taskset -pc $$ | sed "s/.*: //")" true; setarch -R true'
	run --log run.json --emulator ./emulator
	same "$qemu: by a script that does more" "$status $said $(jq -r .verdict report.json)" "0  clean"
	if have "a script of Python" python3; then
		printf '%s\n' '#!/usr/bin/env python3' 'import subprocess, sys' \
			"sys.exit(subprocess.run(['$qemu'] + sys.argv[1:]).returncode)" >emulator
		run --log run.json --emulator ./emulator
		same "$qemu: by a script of Python" "$status $said $(jq -r .verdict report.json)" "0  clean"
	fi

	# Another's limits; and a group of its own, to outlive us.
	script emulator "prlimit --pid $$ --nofile=10:20"
	run --log run.json --emulator ./emulator
	same "$qemu: the status of a start that limits others" "$status" 5
	matches "$qemu: a start that limits others is named" "$said" 'prlimit64\(0x'
	script emulator 'set -m' '(while :; do :; done) &' "echo \$! >&2"
	run --log run.json --emulator ./emulator
	same "$qemu: by a script that has jobs" "$status $(jq -r .verdict report.json)" "0 clean"
	same "$qemu: what it started is gone" "$(pgrep -r R -f "$PWD/emulator|\./emulator")" ""

	# While the guest runs, which it does until then (another 3 s are left to the start), something in the sandbox writes.
	script emulator "(sleep 3; mkdir $PWD/made) &"
	run --log loop.json --emulator ./emulator
	same "$qemu: the status of an escape" "$status" 5
	matches "$qemu: an escape is named" "$said" 'tried what its sandbox refuses.*: [a-z0-9]+\(0x.*--sandbox off'
	same "$qemu: its report" "$(jq -r '[.verdict, .sandbox.refused] | @json' report.json)" '["error",true]'
	matches "$qemu: its error" "$(jq -r .error report.json)" 'tried what its sandbox refuses'
	conforms "$qemu: an escape" report.json $schema
	same "$qemu: what the escape did" "$(ls -d made 2>/dev/null)" ""

	# Before there is a guest.
	script emulator "echo >$PWD/made"
	run --log run.json --emulator ./emulator
	same "$qemu: the status of a start that writes" "$status" 5
	matches "$qemu: a start that writes is named" "$said" "openat\\(.* of $PWD/made"
	same "$qemu: what the start did" "$(ls -d made 2>/dev/null)" ""
	run --log run.json --emulator ./emulator --sandbox off
	same "$qemu: without a sandbox it does it" "$status $(ls made)" "0 made"
	rm -f made

	run --log run.json --emulator "$qemu" --max-instructions 10
	same "$qemu: no process is left" "$(jobs -p) $(pgrep -P $$ -x qemu-x86_64)" " "
}

qemus=0
for qemu in "$(command -v qemu-x86_64 || true)" "${VALIDATE_QEMU_X86_64:-}" ${QEMUS:-}; do
	[ -n "$qemu" ] || continue
	qemus=$((qemus + 1))
	try_in "$qemu"
done
[ $qemus -gt 0 ] || untried "QEMU's sandbox" "there is no qemu-x86_64"

# An emulator that never comes to anything: the first signal is answered, not the end of the patience of 20 seconds.
# shellcheck disable=SC2016 # for the script that is written
for silent in '' '[ "$1" != --version ] || { echo a version; exit; }'; do
	printf '%s\n' '#!/bin/bash' "$silent" ': >started' 'sleep 15 & wait' >emulator
	chmod +x emulator
	rm -f started
	"$VALIDATE" -q --log run.json --emulator ./emulator --sandbox off 2>said &
	validator=$!
	for _ in {1..100}; do
		[ ! -e started ] || break
		sleep 0.1
	done
	kill -TERM $validator
	wait $validator
	status=$?
	matches "a silent start is interrupted" "$status $(<said)" '^[0-9]+ validate: interrupted'
done

# Without an emulator it is validate itself that is locked in.
run --log run.json --trace run.vtrace
same "unicorn" "$status $said $(jq -r '[.verdict, .sandbox.on] | @json' report.json)" '0  ["clean",true]'
conforms "unicorn" report.json $schema
run --trace-in run.vtrace -j 2
same "a trace" "$status $said $(jq -r '[.verdict, .sandbox.on] | @json' report.json)" '0  ["clean",true]'
run --trace-in run.vtrace --sandbox off
same "a trace, --sandbox off" "$status $said $(jq -r '[.verdict, .sandbox] | @json' report.json)" '0  ["clean",null]'
mkdir elsewhere
ln -s elsewhere/there.json link.json
: >elsewhere/there.json
said=$(timeout -s KILL "$HANG_SECONDS" "$VALIDATE" -q --trace-in run.vtrace --report link.json 2>&1)
same "a report by way of a link" "$? $said $(jq -r .verdict link.json)" "0  clean"

run --log run.json --sandbox perhaps
same "another mode" "$status" 2
matches "another mode" "$said" "'perhaps' is neither on nor off"

finish
