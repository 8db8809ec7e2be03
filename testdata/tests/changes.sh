#!/usr/bin/env bash
# Words of SVE and SME, executed in QEMU (testdata/guests/a64changes.c): no register changes of which the table says that it does
# not, and what QEMU executes has a row. Words that it calls undefined may be of extensions that it does not have.
#
# QEMUS: further emulators, separated by blanks, besides those on PATH and of VALIDATE_QEMU_AARCH64. STEP: every such word of some
# 29,000 (10).
. testdata/bin/cases.sh
. testdata/bin/arm-qemus.sh

enter_scratch
guest=$guests/aarch64/a64changes
[ -x "$guest" ] || skip "there is no compiler for AArch64"

# FMAD, FMSB and the negated ones of no size (00 is BFMLA's and BFMLS's alone), which QEMU 11.1 executes; 7.2 and 10.0 do not.
quirks='^65[23].[4-9a-f]'

"$VALIDATE" selftest --arch aarch64 --sweep --cases 8 -vv |
	awk '$2 ~ /^(outside|undefined)$/ && $1 ~ /^([02468ace][45]|[8ace][01])/' |
	awk -v step="${STEP:-10}" 'NR % step == 0' >words
matches "there are words" "$(wc -l <words)" '^[0-9]{4,}$'

# "WORD MNEMONIC: what changed and must not", "WORD: executed, and no instruction here"
judge() { # OUTPUT
	awk -v quirks="$quirks" 'NR == FNR { line[$1] = $0; next }
		$2 == "undefined" || $1 ~ quirks { next }
		{
			split(line[$1], had, " ")
			if (had[2] != "outside") { print $1 ": executed, and no instruction here"; next }
			for (i = 3; i <= NF; i++)
				if (index(line[$1] " ", " " $i " ") == 0) print $1 " " had[3] ": " $i
		}' words "$1"
}

try() { # QEMU
	local version mode
	version=$("$1" --version | sed -n '1s/ (.*//p')

	for mode in "" streaming; do
		# shellcheck disable=SC2086 # none or one
		cut -d ' ' -f 1 words | timeout -s KILL "$HANG_SECONDS" "$1" -cpu max "$guest" $mode >said
		same "$version, $mode: its end" "$? $(wc -l <said)" "0 $(wc -l <words)"
		matches "$version, $mode: many are executed" "$(grep -c ' ok' said)" '^[0-9]{3,}$'
		same "$version, $mode: what changes" "$(judge said | head -n 5)" ""
	done
}

[ ${#arm_qemus[@]} -gt 0 ] || untried "SVE in QEMU" "there is no qemu-aarch64"
for qemu in "${arm_qemus[@]}"; do
	try "$qemu"
done
finish
