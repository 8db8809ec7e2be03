#!/usr/bin/env bash
# The model of AArch64 against expected results that come from the architecture's pseudocode.
. testdata/bin/cases.sh

needs

sample=testdata/vectors/a64-sample.vec.xz
make_scratch

# Prints the report; the exit status is the program's.
selftest() {
	"$VALIDATE" selftest --arch aarch64 "$@"
}

report=$(selftest --vectors "$sample")
same "the exit status without failures" $? 0
matches "the last line" "$(tail -n 1 <<<"$report")" '^selftest: [0-9]+ passed, 0 failed, [0-9]+ not modelled$'
same "all cases are counted" "$(awk 'END { print $2 + $4 + $6 }' <<<"$report")" 7394

# Rows of the report: name, passed, failed, not modelled. What has no model is floating point, which has no rows yet.
same "what is not modelled" "$(awk '/^family/ { exit } NF == 4 && $4 ~ /^[1-9]/ { print $1 }' <<<"$report" | grep -vE '^(\(unknown\)|b?f.*|[su]cvtf)$')" ""
matches "rows of the report" "$report" $'\n''sqrdmlah +[1-9][0-9]* +0 +0'$'\n'

# The same from elsewhere.
same "from standard input" "$(selftest <"$sample")" "$report"
same "from standard input by name" "$(selftest --vectors - <"$sample")" "$report"
if command -v xz >/dev/null; then
	xz -dc "$sample" >"$scratch/plain.vec"
	same "from a plain file" "$(selftest --vectors "$scratch/plain.vec")" "$report"
	head -c 100000 "$scratch/plain.vec" >"$scratch/short.vec"
	short=$(selftest --vectors "$scratch/short.vec" 2>"$scratch/err")
	same "the exit status of a truncated file" $? 2
	matches "where a truncated file ends" "$(cat "$scratch/err")" 'short.vec: offset 0x186a0: the file ends within a case$'
	matches "what was run of it is reported" "$(tail -n 1 <<<"$short")" '^selftest: [1-9][0-9]* passed, 0 failed'
else
	untried "plain and truncated vectors" "there is no xz"
fi

# A wrong result: ADD X0, X0, X0 that is expected to change nothing (seed 1 gives a register that is not 0).
printf 'A64VEC1\0\1\0\0\0\0\0\0\x8b\1\0\0\0\0\0\0\0\0' >"$scratch/wrong.vec"
wrong=$(selftest --vectors "$scratch/wrong.vec")
same "the exit status with failures" $? 1
matches "a failure" "$wrong" 'FAILED case 0: 8b000000  add x0, x0, x0  \(seed 0x1\)'
matches "a failure's values" "$wrong" 'x0: expected 0xf893a2eefb32555e, model 0xf12745ddf664aabc'
same "the counts of a failure" "$(tail -n 1 <<<"$wrong")" "selftest: 0 passed, 1 failed, 0 not modelled"

# Random words against unicorn, whose LDSMAX, LDSMIN, LDUMAX and LDUMIN are wrong in 2.0.1 (the other one
# of the two values is kept); the vectors have these instructions, too, and agree with the model. FCVTZS of a half with
# fraction bits leaves the sign above 16 bits, and FJCVTZS sets Z for a denormal that was flushed, as in QEMU 7.2 (convert.sh).
against=$(selftest --against unicorn --cases 20 --seed 3 -vv)
same "nothing else differs from unicorn" \
	"$(awk '/^family/ { exit } NF == 4 && $3 ~ /^[1-9]/ && $1 != "FAILED" { print $1 }' <<<"$against" |
		grep -vE '^(ld[su](max|min)|fcvtzs$|fjcvtzs$)')" ""
same "which fcvtzs and fjcvtzs differ from unicorn" "$(awk '$1 == "FAILED" && $5 ~ /^fj?cvtzs$/ { print $4, $5 }' <<<"$against" |
	grep -vE '^(5f1.f[c-f].. fcvtzs|1e7e0... fjcvtzs)$')" ""
matches "the last line against unicorn" "$(tail -n 1 <<<"$against")" '^selftest: [0-9]{5,} passed, [0-9]+ failed, [0-9]+ not modelled$'
matches "exceptions are counted" "$against" '[0-9]+ words executed in .*, [1-9][0-9]* could not be compared'
selftest --against gem5 2>"$scratch/err" >&2
same "the exit status of an unknown emulator" $? 2
finish
