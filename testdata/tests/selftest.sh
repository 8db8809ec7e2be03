#!/usr/bin/env bash
# validate selftest on this CPU: a bounded walk without a failure, and wrong models that are noticed. That the comparison itself works is
# lib/oracle/selftest_test.c's; here it is that the command says so.
. testdata/bin/cases.sh

needs x86_64
if ! grep -q GenuineIntel /proc/cpuinfo || ! grep -qw avx2 /proc/cpuinfo; then
	skip "the models cannot be held against this CPU"
fi

# The first number before a word in the last line.
last() { # WORD
	tail -n 1 <<<"$output" | grep -oE "[0-9]+ $1" | cut -d' ' -f1
}

output=$("$VALIDATE" selftest --cases 2 2>&1)
same "exit status of the walk" $? 0
same "failures of the walk" "$(last failed)" 0
same "the walk reaches thousands of forms" "$(($(last passed) > 4000))" 1
same "what is in question has models" "$(grep -oE 'general purpose and SSE integer: [0-9]+' <<<"$output")" \
	"general purpose and SSE integer: 0"
same "it names what has no model" "$(grep -c '^executed by the CPU, not modelled: x87' <<<"$output")" 1

same "equal seeds, equal runs" \
	"$("$VALIDATE" selftest --only '^adc ' --cases 20 --seed 7 | grep -v ' s$')" \
	"$("$VALIDATE" selftest --only '^adc ' --cases 20 --seed 7 | grep -v ' s$')"

output=$("$VALIDATE" selftest --replay 4801d8:0x2a:3 2>&1)
same "a case again" "$output" $'add rax, rbx: passed\nselftest: 1 passed, 0 failed, 0 not modelled'

output=$("$VALIDATE" selftest --mutate 1 --mutants 20 2>&1)
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
usage "not for vectors" "--only, --replay and --mutate are not for --vectors and --against" --vectors - --only add
usage "one or the other" "--replay is of cases, not of --mutate" --mutate 1 --replay 90:1:2
finish
