#!/usr/bin/env bash
# gdbserver as the target: this machine's own CPU, which the model agrees with.
. testdata/bin/cases.sh

needs x86_64 gdbserver
enter_scratch
seq 100 >file

limit=1000000 # instructions

# Serves the program on a port that the system chooses, and judges its run.
judge() { # PROGRAM ARG...
	local server port=

	"$VALIDATE" record -q -o run.json -- "$@" >/dev/null 2>&1
	rm -f server
	timeout -s KILL 120 gdbserver --once 127.0.0.1:0 "$@" >server 2>&1 </dev/null &
	server=$!
	for _ in {1..100}; do
		port=$(sed -n "s/^Listening on port //p" server 2>/dev/null)
		[ -z "$port" ] || break
		sleep 0.1
	done
	report=$(timeout -s KILL 100 "$VALIDATE" run --log run.json --remote "127.0.0.1:$port" \
		--max-instructions $limit 2>&1)
	status=$?
	kill $server 2>/dev/null
	wait $server 2>/dev/null
}

judge "$guests/loop" 3
same "loop: status" $status 0
matches "loop" "$report" '^verdict      clean'$'\n''.*target       GDB stub'
# Its calls stand in libraries' code on all sides of breakpoints: maps, the heap, files.
judge "$guests/recorded" reads file
same "recorded reads: status" $status 0
matches "recorded reads" "$report" '^verdict      clean'
judge "$guests/recorded" fault
same "recorded fault: status" $status 0
judge "$(command -v busybox)" true
same "busybox: status" $status 0
matches "busybox" "$report" '^verdict      (clean|incomplete)'$'\n'

# The trap flag is what ptrace(2) steps by: POPF brings it to light, and PUSHF stores it.
flag=$(lacking_for_bmi)
if [ -n "$flag" ]; then
	untried bmi "this CPU has no $flag"
else
	limit=3000
	judge "$guests/bmi"
	same "bmi: status" $status 0
	matches "bmi" "$report" '^verdict      incomplete.*popfq +[0-9]+ times.*a result is not shown by the target \(tf\)'
	matches "bmi" "$report" 'instructions 3,000: '
fi

# Another program than the log's is noticed, not judged.
"$VALIDATE" record -q -o other.json -- "$guests/loop" 1 >/dev/null
rm -f server
timeout -s KILL 60 gdbserver --once 127.0.0.1:0 "$guests/hello" >server 2>&1 </dev/null &
server=$!
for _ in {1..100}; do
	grep -qs Listening server && break
	sleep 0.1
done
report=$(timeout -s KILL 50 "$VALIDATE" run --log other.json --remote "127.0.0.1:$(sed -n 's/^Listening on port //p' server)" 2>&1)
status=$?
kill $server 2>/dev/null
matches "another program: status" "$status" "^[35]$"
finish
