#!/usr/bin/env bash
# gdbserver as the target: this machine's own CPU, which the model agrees with.
. testdata/bin/cases.sh

needs x86_64 gdbserver
enter_scratch
seq 100 >file

limit=1000000 # instructions

server=(gdbserver --once 127.0.0.1:0) # in front of the program: serves it on a port that the system chooses
losing_stub=$helpers/losing_stub

# gdbserver 13 takes every CPU to lay out XSAVE's area as Intel's do. Others lose ZMM16 to ZMM31 at each stop, which
# glibc's string functions use where the CPU has AVX-512.
export GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW

# Starts the server; $port is its port.
serve() { # PROGRAM ARG...
	rm -f served
	timeout -s KILL "$HANG_SECONDS" "${server[@]}" "$@" >served 2>&1 </dev/null &
	pid=$!
	port=
	for _ in {1..600}; do
		port=$(sed -n "s/^Listening on port //p" served 2>/dev/null)
		[ -z "$port" ] || break
		sleep 0.1
	done
}

run() { # ARG...
	report=$(timeout -s KILL "$HANG_SECONDS" "$VALIDATE" run --remote "127.0.0.1:$port" "$@" 2>&1)
	status=$?
	kill $pid 2>/dev/null
	wait $pid 2>/dev/null
}

# Records the program, and judges its run.
judge() { # PROGRAM ARG...
	"$VALIDATE" record -q -o run.json -- "$@" >/dev/null 2>&1
	serve "$@"
	run --log run.json --max-instructions $limit
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
serve "$guests/hello"
run --log other.json
matches "another program: status" "$status" "^[35]$"

# Instructions that a step overruns: where the CPU holds off the trap (MOV SS), where this machine's kernel or hypervisor
# emulates them, and by force, so that each is tried on every machine.
limit=1000000
judge "$guests/outside"
same "outside: status" $status 0
matches "outside" "$report" '^verdict      clean'
for code in 0fa2 0f31 0f01d0 0f01 0f00 8ed0 f390 0fc7f0; do
	server=("$losing_stub" "$code")
	judge "$guests/outside"
	same "outside, traps behind $code lost: status" $status 0
	matches "outside, traps behind $code lost" "$report" '^verdict      clean'
done
# Traps that are lost where nobody can foresee it: what was made of two instructions is judged as such.
for nth in 2 13; do
	server=("$losing_stub" "every:$nth")
	judge "$guests/outside"
	same "outside, each trap number $nth lost: status" $status 0
	matches "outside, each trap number $nth lost" "$report" \
		'^verdict      (clean|incomplete)'$'\n''.* instructions judged as a group'
done
finish
