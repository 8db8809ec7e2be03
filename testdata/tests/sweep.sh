#!/usr/bin/env bash
# validate selftest --sweep on this CPU: a part of the opcode maps on which it and the models agree. That differences are noticed is
# lib/oracle/sweep_test.c's.
. testdata/bin/cases.sh

needs x86_64
if ! grep -qw avx2 /proc/cpuinfo; then
	skip "the models cannot be held against this CPU: it has no AVX2"
fi

map_1='^(66 |F3 |F2 )*(REX.W )?([1-9A-F][0-9A-F]|0[0-9A-E]) (/[0-7] (r|m|m SIB)|[0-9A-F]{2})$'
output=$("$VALIDATE" selftest --sweep --only "$map_1" 2>&1)
status=$?
if grep -q 'no process that is not traced' <<<"$output"; then
	skip "the host's CPU cannot be asked in a process that is not traced"
fi
same "exit status of a sweep over the first opcode map" $status 0
encodings=$(grep '^encodings: ' <<<"$output")
matches "both execute and refuse" "$encodings" '^encodings: [0-9]{5} executed, [0-9]{4,5} refused, '
matches "nothing is missing or wrong" "$encodings" ' 0 missing, 0 wrong, 0 wrong length; '

output=$("$VALIDATE" selftest --sweep --replay 90:1:1 2>&1)
same "not with a case" "$output $?" "validate: selftest: --sweep excludes --vectors, --against, --replay and --mutate 2"
output=$("$VALIDATE" selftest --sweep --arch aarch64 2>&1)
same "not of another instruction set" "$output $?" "validate: selftest: --sweep: there are no opcode maps of aarch64 2"
finish
