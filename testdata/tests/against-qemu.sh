#!/usr/bin/env bash
# Random words of AArch64 in QEMU: what differs from the model is known (testdata/known/aarch64.words), or new.
#
# QEMUS: further emulators, separated by blanks, besides those on PATH and of VALIDATE_QEMU_AARCH64. AGAINST_CASES: of each
# encoding; AGAINST_SEED.
. testdata/bin/cases.sh
. testdata/bin/arm-qemus.sh

needs
: "${AGAINST_CASES:=40}" "${AGAINST_SEED:=1}"
known=$PWD/testdata/known/aarch64.words
enter_scratch

# Reads rows, then a report: a line "known NAME COUNT" for each row that failures are of, and "new" with the first lines
# of each other failure.
# shellcheck disable=SC2016 # awk's variables
sort_failures='
	function series(list) { return index(" " list " ", " " version " ") > 0 }
	function pattern(text) { gsub(/[ \t]/, "", text); gsub(/[a-z]/, ".", text); return "^" text "$" }
	function binary(hex,	i, bits) {
		for (i = 1; i <= length(hex); i++) bits = bits digit[substr(hex, i, 1)]
		return bits
	}
	function matches(row, bits, list, num,	i) {
		for (i = 1; i <= num[row]; i++)
			if (bits ~ list[row, i]) return 1
		return 0
	}
	function finish(	i, k, row, bits) {
		if (!word) return
		bits = binary(word)
		for (row = 1; row <= rows; row++) {
			if (!applies[row] || !matches(row, bits, words, num_words) || matches(row, bits, nots, num_nots)) continue
			for (k = 1; k <= told && tells[k] ~ says[row]; k++);
			if (told && k > told) { count[row]++; word = ""; return }
		}
		printf "new %s: %s\n", title, tells[1]
		word = ""
	}
	BEGIN {
		split("0000 0001 0010 0011 0100 0101 0110 0111 1000 1001 1010 1011 1100 1101 1110 1111", nibble, " ")
		for (n = 1; n <= 16; n++) digit[substr("0123456789abcdef", n, 1)] = nibble[n]
	}
	FNR == NR {
		key = $1
		rest = $0
		sub(/^[a-z]+[ \t]+/, "", rest)
		if (key == "row") name[++rows] = $2
		else if (key ~ /^(wrong|may|model)$/) applies[rows] += series(rest)
		else if (key == "word") words[rows, ++num_words[rows]] = pattern(rest)
		else if (key == "not") nots[rows, ++num_nots[rows]] = pattern(rest)
		else if (key == "says") says[rows] = rest
		next
	}
	/^(FAILED|not modelled) case / { finish(); told = 0; word = $1 == "FAILED" ? $4 : ""; title = $0; next }
	/^ / { if (word && $1 != "before:") tells[++told] = $0; next }
	{ finish() }
	END {
		finish()
		for (row = 1; row <= rows; row++) if (count[row]) print "known", name[row], count[row]
	}'

# What differs there from the model of that CPU; the files report and sorted tell of the last one.
try_cpu() { # QEMU CPU
	local of="QEMU $version, $2"

	timeout -k 5 "$HANG_SECONDS" "$VALIDATE" selftest --arch aarch64 --against "qemu:$1" --cpu "$2" --cases "$AGAINST_CASES" \
		--seed "$AGAINST_SEED" -vv >report 2>stderr
	matches "$of: exit status" $? '^[01]$'
	same "$of: messages" "$(cat stderr)" ""
	matches "$of: the last line" "$(tail -n 1 report)" '^selftest: [0-9]{5,} passed, [0-9]+ failed, [0-9]+ not modelled$'
	awk -v version="$version" "$sort_failures" "$known" report >sorted
	same "$of: how many differences are new" "$(grep -c '^new' sorted)" 0
	sed -n '/^new/{p;5q}' sorted
}

try_qemu() { # QEMU
	local version said again

	said=$("$1" --version | head -n 1)
	version=$(sed -n 's/.*version \([0-9]*\.[0-9]*\).*/\1/p' <<<"$said")
	if ! grep -qE "^(wrong|may|model)[[:space:]].*\<$version\>" "$known"; then
		untried "words in QEMU $version" "nothing is known of what is wrong in it"
		return
	fi
	try_cpu "$1" cortex-a57
	try_cpu "$1" max
	same "QEMU $version: it says who it is" "$(head -n 1 report)" "against      $said"
	again=$(sed -n '/^FAILED/{s/^FAILED case [0-9]*: \([0-9a-f]*\) .*(seed \(0x[0-9a-f]*\))$/\1:\2/p;q}' report)
	matches "QEMU $version: a case again" \
		"$("$VALIDATE" selftest --arch aarch64 --against "qemu:$1" --replay "$again" | tail -n 1)" \
		'^selftest: 0 passed, 1 failed'
	sed -n "s/^known/QEMU $version: known:/p" sorted
}

# Wrong models are noticed, predict the same in states that this CPU can be in, or are wrong in less than one of a hundred. Not of
# loads and stores: CPUs before FEAT_LSE2 fault where the model need not, so that they do not show where it must.
try_mutants() { # QEMU
	local some=(--only '^[abd-kmnp-ru-z]' --mutate 1 --cases 2000)

	"$VALIDATE" selftest --arch aarch64 --against "qemu:$1" "${some[@]}" --mutants 40 >mutants 2>stderr
	matches "mutants: exit status" $? '^[01]$'
	same "mutants: messages" "$(cat stderr)" ""
	same "mutants that survive" "$(awk '/ SURVIVED / { of = $(NF - 1); if ($(NF - 3) * 100 >= of) print }' mutants)" ""
	same "mutants that are killed" "$(($(grep -c 'killed by case' mutants) >= 30))" 1
	same "equal seeds, equal mutants" "$(grep '^mutant [1-5]:' mutants)" \
		"$("$VALIDATE" selftest --arch aarch64 --against "qemu:$1" "${some[@]}" --mutants 5 | grep '^mutant ')"
}

same "rows without a manual's section" "$(awk '/^row/ { if (row) print row; row = $2 } /^manual/ { row = "" }
	END { if (row) print row }' "$known")" ""
if [ ${#arm_qemus[@]} -gt 0 ]; then
	try_mutants "${arm_qemus[0]}"
else
	untried "words in QEMU" "there is no qemu-aarch64"
fi
for qemu in "${arm_qemus[@]}"; do
	try_qemu "$qemu"
done
finish
