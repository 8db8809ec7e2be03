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

# What is no such log.
matches "another program" "$(import "$scratch/a64.log" --program "$guests/loop")" 'is no aarch64 program'
same "no log" "$(import Makefile | sed 's/:.*//')" "validate"
import Makefile >/dev/null
same "the exit status of no log" $? 2
head -c 100000 "$scratch/x86.log" >"$scratch/cut.log"
matches "a log that was cut" "$(import "$scratch/cut.log")" 'the log ends within a state, which is left out'
finish
