#!/usr/bin/env bash
# validate selftest on this CPU: a bounded walk without a failure, and wrong models that are noticed. That the comparison itself works is
# lib/oracle/selftest_test.c's; here it is that the command says so.
. testdata/bin/cases.sh

needs x86_64
if ! grep -qw avx2 /proc/cpuinfo; then
	skip "the models cannot be held against this CPU: it has no AVX2"
fi

# The first number before a word in the last line.
last() { # WORD
	tail -n 1 <<<"$output" | grep -oE "[0-9]+ $1" | cut -d' ' -f1
}

output=$("$VALIDATE" selftest --cases 2 2>&1)
same "exit status of the walk" $? 0
same "failures of the walk" "$(last failed)" 0
same "the walk reaches thousands of forms" "$(($(last passed) > 4000))" 1
same "x87, MMX and SSE have models" "$(grep -cE '^executed by the CPU, not modelled: (x87|mmx|sse)' <<<"$output")" 0
# But for what AMD's CPUs have alone: MONITORX, MWAITX, RDPRU.
same "what is no vector has one" "$(sed -n '/not modelled: other/,/^[^ ]/{/^ /p}' <<<"$output" | grep -vE '^  (monitorx|mwaitx|rdpru) ')" ""
same "it names what has no model" "$(($(grep -cE '^(executed|refused) by the CPU.* not modelled: ' <<<"$output") > 0))" 1

matches "it names the CPU" "$(head -n 1 <<<"$output")" '^host: .+, family [0-9]+ model [0-9]+ \([A-Za-z]+\): [0-9]+ canaries, [0-9]+ of them'

# Hosts of other kinds: what cannot be shown there is left open, and nothing fails.
kind() { # LIST FORMS EXPRESSION
	local said

	said=$("$VALIDATE" selftest --cases 20 --only "$2" --host-force "$1" 2>&1)
	same "exit status on a host: $1" $? 0
	matches "what is found there: $1" "$said" "$3"
	same "failures there: $1" "$(tail -n 1 <<<"$said" | grep -oE '[0-9]+ failed')" "0 failed"
}
kind no-runner '^(add|mov) ' 'host: '
kind no-fsgsbase '^(add|rdfsbase|wrgsbase) ' 'left open: RDFSBASE and its like are switched off on this host: [0-9]+ cases'
kind lose-step-cpuid '^(add|cpuid)' 'a step over CPUID: no fault, PC moved by 3: an INT3 stands behind each instruction'
kind lose-step-touch,lose-step-some '^(add|push|rep|movs[bwdq]) ' 'the first load from a page: no fault'
kind no-wild-stack,no-nt '^(add|push|pop) ' 'NT: no fault, PC moved by 1, nt 0x0: such cases are run without ptrace'
kind no-descriptors '^(add|sgdt|smsw) ' 'left open: SGDT and its like are refused on this host: [0-9]+ cases'
kind no-runner,no-wild-stack,no-nt,lose-step-cpuid,lose-step-touch,no-calls-32 '^(add|push|xchg|cpuid)' 'left open: no resume'

same "equal seeds, equal runs" \
	"$("$VALIDATE" selftest --only '^adc ' --cases 20 --seed 7 | grep -v ' s$')" \
	"$("$VALIDATE" selftest --only '^adc ' --cases 20 --seed 7 | grep -v ' s$')"

output=$("$VALIDATE" selftest --replay 4801d8:0x2a:3 2>&1)
same "a case again" "$output" $'add rax, rbx: passed\nselftest: 1 passed, 0 failed, 0 not modelled'

output=$("$VALIDATE" selftest --mutate 1 --mutants 20 --cases 3000 2>&1)
same "exit status with mutants" $? 0
same "mutants that survive" "$(grep -c SURVIVED <<<"$output")" 0
same "mutants that are killed" "$(($(grep -c 'killed by case' <<<"$output") >= 15))" 1

usage() { # NAME MESSAGE OPTION...
	local name=$1 message=$2

	shift 2
	same "$name" "$("$VALIDATE" selftest "$@" 2>&1; echo $?)" "validate: selftest: $message"$'\n2'
}
usage "no cases" "--cases: between 1 and 4294967295" --cases 0
usage "a replay of nothing" "--replay: 'x' is no case (BYTES:SEED:INDEX)" --replay x
usage "a replay with a rest" "--replay: '90:1:2x' is no case (BYTES:SEED:INDEX)" --replay 90:1:2x
usage "half a regular expression" "--only: Unmatched ( or \\(" --only '('
usage "not for vectors" "--only is for --vectors and --against with --mutate alone" --vectors - --only add
usage "no case of a file" "--replay is not for --vectors" --vectors - --replay 90:1:2
usage "a CPU of nothing" "--cpu is for --against qemu" --cpu max
usage "no such host" "--host-force: 'no-cpu' is no kind of host" --host-force no-nt,no-cpu
usage "no host" "--host-force is not for --vectors and --against" --vectors - --host-force no-nt
usage "one or the other" "--replay is of cases, not of --mutate" --mutate 1 --replay 90:1:2
finish
