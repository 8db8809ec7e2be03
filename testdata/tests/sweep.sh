#!/usr/bin/env bash
# validate selftest --sweep on this CPU: a part of the opcode maps on which it and the models agree. That differences are noticed is
# lib/oracle/sweep_test.c's.
. testdata/bin/cases.sh

needs x86_64
if ! grep -qw avx2 /proc/cpuinfo; then
	skip "the models cannot be held against this CPU: it has no AVX2"
fi

# Encodings of these names are all as the CPU has them.
agree() { # WHAT EXPRESSION
	local encodings status

	output=$("$VALIDATE" selftest --sweep --only "$2" 2>&1)
	status=$?
	if grep -q 'no process that is not traced' <<<"$output"; then
		skip "the host's CPU cannot be asked in a process that is not traced"
	fi
	same "exit status of a sweep over $1" $status 0
	encodings=$(grep '^encodings: ' <<<"$output")
	matches "both execute and refuse: $1" "$encodings" '^encodings: [0-9]+ executed, [0-9]{4,} refused, '
	matches "nothing is missing or wrong: $1" "$encodings" ' 0 missing, 0 wrong, 0 wrong length; '
}
modrm='(/[0-7] (r|m|m SIB)|[0-9A-F]{2})$'
agree "the first opcode map" "^(66 |F3 |F2 |F0 )*(REX.W )?([1-9A-F][0-9A-F]|0[0-9A-E]) $modrm"
agree "the second opcode map" "^(66 |F3 |F2 |F0 )?0F [0-9A-F]{2} $modrm"
agree "the third and the fourth opcode map" "^(66 |F3 |F2 )?0F 3[8A] [0-9A-F]{2} $modrm"
agree "VEX" '^VEX\.(128|256)\.(NP|66|F3|F2)\.0F(38|3A)?\.W0 [0-9A-F]{2} /[0-7] (r|m)$'
agree "XOP and the other maps of VEX" '^(XOP|VEX)\.128\.(NP|66)\.map [0-9]+\.W0 [0-9A-F]{2} /0 r$'

output=$("$VALIDATE" selftest --sweep --replay 90:1:1 2>&1)
same "not with a case" "$output $?" "validate: selftest: --sweep excludes --vectors, --against, --replay and --mutate 2"
finish
