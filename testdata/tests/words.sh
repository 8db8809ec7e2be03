#!/usr/bin/env bash
# validate selftest --sweep over the words of AArch64, held against binutils: what that has a name for has one here, and words of
# SVE and SME have the same. binutils 2.40 knows neither SME2 nor SVE2.1: of words that it has no name for nothing is asked.
. testdata/bin/cases.sh

needs aarch64-linux-gnu-objdump aarch64-linux-gnu-as
enter_scratch

# System registers that a program may not access are UNDEFINED. What is in neither list is a gap that nobody knew.
no_rows='^(mrs|msr)$'
# 2.40 takes more words for these than there are: MOVA of quadwords has no other sizes, PSEL fixes bits 4 and 9, CPY and DUP
# of bytes shift no immediate, not even -1; FMLAL and its kin have bit 22 clear.
too_wide='^(mov|psel|cpy|dup|fml[as]l2?)$'

"$VALIDATE" selftest --arch aarch64 --sweep --cases 40 -vv >output
awk '$2 ~ /^(modelled|undefined|outside|named)$/' output >words
matches "the sweep has an end" "$(tail -n 1 output)" '^selftest: [0-9]+ passed, [0-9]+ failed, [0-9]+ not modelled$'
matches "all kinds are counted" "$(grep ' ms; words: ' output)" \
	'words: [0-9]{5,} modelled, [0-9]+ undefined, [0-9]{5,} outside, [0-9]+ named$'

awk '{ print ".inst 0x" $1 }' words | aarch64-linux-gnu-as -o words.o -
aarch64-linux-gnu-objdump -d -z -M no-aliases words.o |
	awk -F '\t' 'NF >= 3 { sub(/[. ].*/, "", $3); print $3 == "" || $3 == "undefined" ? "-" : $3 }' >names
same "binutils was asked about each word" "$(wc -l <names)" "$(wc -l <words)"
paste -d ' ' words names | awk '$NF != "-"' >named

# A line for each mnemonic that has no row: how many words of it there are, and one of them.
awk '$2 == "undefined" { count[$NF]++; word[$NF] = $1 }
	END { for (name in count) print name, count[name], word[name] }' named | sort >missing
same "each that binutils names has a row" "$(awk -v a="$no_rows" -v b="$too_wide" '$1 !~ a && $1 !~ b' missing)" ""
echo "without a row: $(awk -v b="$too_wide" '$1 !~ b { n += $2; printf "%s ", $1 } END { print "(" n + 0, "words)" }' missing)"

# Bits 28:25 of SVE are 0010, of SME 0000 with bit 31 (C4.1). MOVA is what 2.40 calls mov, and PSEL what it calls others, too.
same "names of SVE and SME" "$(awk -v b="$too_wide" '$1 ~ /^([02468ace][45]|[8ace][01])/ && $3 != $NF &&
	$NF !~ /^(mov|psel)$/ && !($2 == "undefined" && $NF ~ b)' named | head -n 5)" ""
matches "many of them" "$(awk '$2 == "outside"' named | wc -l)" '^[0-9]{5,}$'
finish
