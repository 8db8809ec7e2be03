#!/usr/bin/env bash
# Programs that compute in floating point, with SSE and x87, judged to their end in the embedded unicorn. Those not installed are
# shown as not tried.
#
# Unicorn 2.0 forgets that a result was inexact (PE, and C1 of x87, which way it was rounded), and as QEMU has the last opcode
# neither saved nor loaded, as AMD's manual allows. No other finding is taken for granted.
. testdata/bin/cases.sh
. testdata/bin/programs.sh

# Bits of MXCSR and of the status word.
inexact=0x20
rounded_up=0x200

# shellcheck disable=SC2016 # gawk's own $
record_float() { # NAME
	case $1 in
	lua5.4) record lua5.4 "$(command -v lua5.4)" -e 'print(math.sin(1) * 2 ^ 0.5, 7 // 2.5, 5.5 % -2, ("%.3f"):format(1 / 3))
		for i = 1, 9 do io.write(i / 7, " ", math.floor(i * 1.3), " ") end' ;;
	sqlite3) record sqlite3 "$(command -v sqlite3)" :memory: 'create table t(a, b); insert into t values (1, 2.5), (3, 4.25);
		select sum(a * b), avg(b), round(1.0 / 3, 4), cast(1e18 / 3 as integer) from t;' ;;
	gawk) record gawk "$(command -v gawk)" 'BEGIN { print sin(1), sqrt(2), exp(1), log(10), atan2(1, 2), int(-3.7), 2 ^ 0.5 }' ;;
	*) verdict 1 "$1" "is no program of this test" ;;
	esac
}

# Every finding is a known one, by what differs.
known_kinds() { # NAME
	local location counts expected observed form allowed

	while read -r location counts expected observed form; do
		case $location in
		mxcsr) allowed=$((inexact)) ;;
		fstat) allowed=$((inexact | rounded_up)) ;;
		*)
			matches "$1: a finding at $location" "$form, counts: $counts" '^fx(save|rstor) .*, counts: false$'
			continue
			;;
		esac
		verdict $((((expected ^ observed) & ~allowed) != 0)) "$1: $form: $location" "is $observed, expected $expected"
		verdict $(((observed & inexact) != 0)) "$1: $form: $location" "inexact is what is wrong, and set: $observed"
	done < <(field "$1" '.findings[] | [.location, .counts, .expected, .observed, .form] | join(" ")')
}

for program in lua5.4 sqlite3 gawk; do
	have "$program" "$program" || continue
	record_float $program
	judge $program
	ended $program
	same "what has no model in $program" "$(field $program '.unmodelled[].mnemonic')" ""
	same "checked of $program" "$(field $program .checked)" "$(field $program .instructions)"
	known_kinds $program
done
finish
