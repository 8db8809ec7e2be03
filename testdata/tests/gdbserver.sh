#!/usr/bin/env bash
# gdbserver as the target: this machine's own CPU, which the model agrees with.
. testdata/bin/cases.sh

needs x86_64 gdbserver
enter_scratch
seq 100 >file

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
	report=$(timeout -s KILL 100 "$VALIDATE" run --log run.json --remote "127.0.0.1:$port" 2>&1)
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
