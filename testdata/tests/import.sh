#!/usr/bin/env bash
# Logs that the installed QEMU writes of the shipped guests become traces of as many steps, and are judged.
. testdata/bin/cases.sh

guests=$BUILD/guests
needs qemu-x86_64 qemu-aarch64
make_scratch

single=-one-insn-per-tb
[[ $(qemu-x86_64 --version) == *"version 7."* ]] && single=-singlestep

# Prints what the import says.
import() { # LOG OPTION...
	"$VALIDATE" import qemu-log -o "$scratch/trace" "$@" 2>&1
}

# The fields of a report, but for the time it took.
fields() { # REPORT
	jq -S 'del(.seconds, .instructions_per_second)' "$1"
}

# The log is judged as the trace is that it becomes. Both reports stay, traced.json and logged.json.
judged_alike() { # NAME LOG OPTION-OF-BOTH...
	local status

	import "${@:2}" >/dev/null
	"$VALIDATE" --trace-in "$scratch/trace" -q --report "$scratch/traced.json" 2>"$scratch/said"
	status=$?
	"$VALIDATE" --trace-in "$2" -q --report "$scratch/logged.json" "${@:3}" 2>>"$scratch/said"
	same "$1: exit status" $? $status
	conforms "$1" "$scratch/logged.json" lib/report/report.schema.json
	same "$1: nothing is said" "$(<"$scratch/said")" ""
	same "$1: fields" "$(diff <(fields "$scratch/traced.json") <(fields "$scratch/logged.json"))" ""
	matches "$1: instructions" "$(jq .instructions "$scratch/logged.json")" '^[1-9]'
}

# Prints verdict, and forms with findings.
judge() {
	"$VALIDATE" --trace-in "$scratch/trace" >"$scratch/report" 2>&1
	sed -n 's/^verdict *\([a-z]*\).*/\1/p; s/^[0-9]*\. \(.*\):.*/\1/p' "$scratch/report"
}

states_of() { # LOG BEGINNING
	grep -c "^ *$2=" "$1"
}

# One instruction a state, with listings and without.
qemu-x86_64 $single -d cpu,fpu,nochain,in_asm -D "$scratch/x86.log" "$guests/loop" 10 >/dev/null
n=$(states_of "$scratch/x86.log" RAX)
n_x86=$n
same "x86-64, single instructions" "$(import "$scratch/x86.log")" "$scratch/trace: $n states, $((n - 1)) steps"
qemu-x86_64 $single -d cpu,fpu,nochain -D "$scratch/bare.log" "$guests/loop" 10 >/dev/null
same "code from the program" "$(import "$scratch/bare.log" --program "$guests/loop")" \
	"$scratch/trace: $n states, $((n - 1)) steps"
matches "code from nowhere" "$(import "$scratch/bare.log")" "no code is known for $((n - 1)) steps"
same "from standard input" "$(import - <"$scratch/x86.log")" "$scratch/trace: $n states, $((n - 1)) steps"

same "... judged" "$(judge)" incomplete
matches "... what memory decides is not" "$(cat "$scratch/report")" 'memory could not be read back'
if [ -z "$(lacking_for_bmi)" ] && [ $single = -singlestep ]; then
	qemu-x86_64 $single -cpu max -d cpu,fpu,nochain,in_asm -D "$scratch/bmi.log" "$guests/bmi" >/dev/null
	import "$scratch/bmi.log" >/dev/null
	same "the bugs of QEMU 7.2" "$(judge)" $'divergent\nblsi r32, r32\nblsi r64, r64\nadcx r32, r32\nadox r32, r32\ncrc32 r64, r64'
	qemu-x86_64 -cpu max -d cpu,fpu,nochain,in_asm -D "$scratch/bmi.log" "$guests/bmi" >/dev/null
	import "$scratch/bmi.log" >/dev/null
	matches "... by blocks" "$(judge)" ^divergent
	judged_alike "a log with bugs, by blocks" "$scratch/bmi.log"
	same "... which are found" "$(jq -r .verdict "$scratch/logged.json")" divergent
else
	untried "the bugs of QEMU 7.2" "qemu-x86_64 is another version, or this CPU has not all that bmi needs"
fi

# Blocks.
qemu-aarch64 -d cpu,fpu,nochain,in_asm -D "$scratch/a64.log" "$guests/aarch64/loop" 10 >/dev/null
n=$(states_of "$scratch/a64.log" PC)
matches "AArch64, blocks" "$(import "$scratch/a64.log")" "^$scratch/trace: $n states, [0-9]+ steps; behind $((n - 1)) of the states several steps: "
qemu-aarch64 -d cpu,fpu,nochain -D "$scratch/bare64.log" "$guests/aarch64/loop" 10 >/dev/null
matches "blocks without a listing" "$(import "$scratch/bare64.log" --program "$guests/aarch64/loop" --blocks)" \
	"^$scratch/trace: $n states, [0-9]+ steps; behind $((n - 1)) of the states several steps: "
matches "blocks taken for instructions" "$(import "$scratch/bare64.log" --program "$guests/aarch64/loop")" \
	'bare64.log:[0-9]+: between this state, .* is more than one instruction'

same "... judged" "$(judge)" incomplete
matches "... as blocks" "$(cat "$scratch/report")" ' checked \([0-9,]+ instructions judged as a group\)'

# A repeated instruction at the end of a block, all of whose iterations QEMU 10 and later run without a state in between.
state() { # RCX RDI RIP
	printf 'RAX=%016x RBX=%016x RCX=%016x RDX=%016x\nRSI=%016x RDI=%016x RBP=%016x RSP=%016x\n' 0 0 "$1" 0 0 "$2" 0 0x7000
	printf 'R8 =%016x R9 =%016x R10=%016x R11=%016x\nR12=%016x R13=%016x R14=%016x R15=%016x\n' 0 0 0 0 0 0 0 0
	printf 'RIP=%016x RFL=00000246 [---Z-P-] CPL=3 II=0 A20=1 SMM=0 HLT=0\n' "$3"
	printf '%s =0000 0000000000000000 00000000 00000000\n' ES CS SS DS FS GS
	printf 'CR0=80010001 CR2=%016x CR3=%016x CR4=00050220\nEFER=0000000000000500\n' 0 0
}

block() { # BYTES RCX RDI
	# shellcheck disable=SC2016 # $3 is the constant
	printf -- '----------------\nIN: \n0x00401000:  b9 03 00 00 00           movl     $3, %%ecx\n'
	printf '0x00401005:  %s                    rep\n\n' "$1"
	state 9 0x5000 0x401000
	state "$2" "$3" 0x401007
}

block "f3 aa" 0 0x5003 >"$scratch/rep.log"
matches "a block that ends in a repetition" "$(import "$scratch/rep.log")" ": 2 states, 4 steps; behind 1 of the states"
same "... is judged" "$(judge)" incomplete
block "f3 aa" 0 0x5002 >"$scratch/rep.log"
import "$scratch/rep.log" >/dev/null
same "... and what is wrong in it found" "$(judge | head -2)" $'divergent\nrep stosb'
block "f2 ae" 1 0x5002 >"$scratch/rep.log"
matches "as often as memory decides" "$(import "$scratch/rep.log")" "not judged are 1 repeated instructions, of which nothing tells how often"
same "... is adopted" "$(judge)" incomplete

# Compared with a trace that was recorded: of registers alone.
"$VALIDATE" record -q -o "$scratch/run.json" -- "$guests/loop" 10 >/dev/null
"$VALIDATE" trace --log "$scratch/run.json" --qemu -q -o "$scratch/recorded"
import "$scratch/x86.log" --program "$guests/loop" >/dev/null
output=$("$VALIDATE" diff "$scratch/recorded" "$scratch/trace" 2>&1)
matches "a diff with a recorded trace" "$output" "memory       not compared: B has nothing of it.*differences  0 independent, "

# Judged without a trace.
judged_alike "a log of instructions" "$scratch/x86.log"
judged_alike "a log of blocks" "$scratch/a64.log"
block "f3 aa" 0 0x5002 >"$scratch/rep.log"
judged_alike "a log with a wrong repetition" "$scratch/rep.log"
same "... that is found" "$(jq -r .verdict "$scratch/logged.json")" divergent
block "f2 ae" 1 0x5002 >"$scratch/rep.log"
judged_alike "a log with a repetition that nobody can count" "$scratch/rep.log"

# The program is --program's there, and an operand here.
judged_with_program() { # NAME LOG PROGRAM OPTION...
	import "$2" --program "$3" "${@:4}" >/dev/null
	"$VALIDATE" --trace-in "$scratch/trace" -q --report "$scratch/traced.json"
	"$VALIDATE" --trace-in "$2" -q --report "$scratch/logged.json" "${@:4}" "$3"
	same "$1" "$(diff <(fields "$scratch/traced.json") <(fields "$scratch/logged.json"))" ""
	matches "$1: judged" "$(jq .checked "$scratch/logged.json")" '^[1-9][0-9]+$'
}

judged_with_program "code from the program" "$scratch/bare.log" "$guests/loop"
judged_with_program "code from the program, blocks" "$scratch/bare64.log" "$guests/aarch64/loop" --blocks
judge_log() { # LOG OPTION...
	"$VALIDATE" --trace-in "$@" 2>&1
}
matches "code from nowhere is told" "$(judge_log "$scratch/bare.log")" "the log: no code is known for $((n_x86 - 1)) steps"
"$VALIDATE" --trace-in - -q --report "$scratch/logged.json" <"$scratch/x86.log"
import "$scratch/x86.log" >/dev/null
"$VALIDATE" --trace-in "$scratch/trace" -q --report "$scratch/traced.json"
same "a log from standard input" "$(diff <(fields "$scratch/traced.json") <(fields "$scratch/logged.json"))" ""
"$VALIDATE" --trace-in - -q --report "$scratch/logged.json" < <(cat "$scratch/x86.log")
same "a log from a pipe" "$(diff <(fields "$scratch/traced.json") <(fields "$scratch/logged.json"))" ""

# The limits of a run; a place that the guest comes to for the first time after a while.
pc=$("$VALIDATE" trace show "$scratch/trace" --at 300 -n 1 | grep -oE "0x[0-9a-f]{6,}" | head -n 1)
for limit in "--from $pc" "--until $pc" "--max-instructions 100" "--max-instructions 634" "--from $pc --max-instructions 20" \
	"--from 0x10" "--until 0x10" "--from $pc --until $pc"; do
	# shellcheck disable=SC2086 # options
	"$VALIDATE" --trace-in "$scratch/trace" $limit -q --report "$scratch/traced.json"
	# shellcheck disable=SC2086 # options
	"$VALIDATE" --trace-in "$scratch/x86.log" $limit -q --report "$scratch/logged.json"
	same "a log with $limit" "$(diff <(fields "$scratch/traced.json") <(fields "$scratch/logged.json"))" ""
done

# Read while QEMU writes it; more than 100 MB of it in memory that would not hold them.
mkfifo "$scratch/fifo"
qemu-x86_64 $single -d cpu,fpu,nochain,in_asm -D "$scratch/fifo" "$guests/loop" 2000 >/dev/null &
(
	[[ $BUILD == */asan* ]] || ulimit -d 64000
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" --trace-in "$scratch/fifo" -q --report "$scratch/logged.json"
)
same "while QEMU writes it: exit status" $? 0
wait
matches "... judged" "$(jq -r '"\(.verdict) \(.instructions)"' "$scratch/logged.json")" '^incomplete [1-9][0-9]{4,}$'

# Damaged: what was judged before stays.
line=$(grep -n '^RAX=' "$scratch/x86.log" | sed -n '300s/:.*//p')
sed "${line}s/=0/=x/" "$scratch/x86.log" >"$scratch/bad.log"
output=$(judge_log "$scratch/bad.log" --report "$scratch/logged.json")
same "a damaged log: exit status" $? 2
matches "... where" "$output" "bad.log:$line: "
same "... what was judged" "$(jq -c '[.verdict, .instructions]' "$scratch/logged.json")" '["error",298]'
head -c 100000 "$scratch/x86.log" >"$scratch/cut.log"
matches "a log that was cut, judged" "$(judge_log "$scratch/cut.log")" \
	'verdict +incomplete.*not whole: .*cut.log: the log ends within a state, which is left out'
matches "a log and threads" "$(judge_log "$scratch/x86.log" -j 2)" '-j is for a trace: .*x86.log is none'
matches "a trace and blocks" "$(judge_log "$scratch/trace" --blocks)" '--blocks and --base are for a log .*trace is a trace'
matches "a base of nothing" "$(judge_log "$scratch/x86.log" --base 0x1000)" '--base is of a PROGRAM'
matches "a log and another program" "$(judge_log "$scratch/a64.log" "$guests/loop")" 'is no aarch64 program'
matches "blocks, but no log" "$("$VALIDATE" --log "$scratch/run.json" --blocks 2>&1)" '--blocks and --base are for a log'
matches "neither trace nor log" "$(judge_log Makefile)" 'Makefile: no state of a CPU is there: .*to be judged is a trace of'

# What is no such log.
matches "another program" "$(import "$scratch/a64.log" --program "$guests/loop")" 'is no aarch64 program'
same "no log" "$(import Makefile | sed 's/:.*//')" "validate"
import Makefile >/dev/null
same "the exit status of no log" $? 2
head -c 100000 "$scratch/x86.log" >"$scratch/cut.log"
matches "a log that was cut" "$(import "$scratch/cut.log")" 'the log ends within a state, which is left out'
finish
