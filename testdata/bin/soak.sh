#!/usr/bin/env bash
# A soak: programs that nobody has tried before, recorded on this CPU and judged on every emulator found, for SOAK_SECONDS.
#
# By turns a random program (testdata/soak/program.c), a guest of testdata/guests and a program of Debian's. Emulators:
# unicorn, the installed QEMU, and those that QEMUS names (paths, between colons). A line for each run, the whole report of
# each that has news; those runs' files stay in build/soak. In the end the sums: instructions, verdicts, findings by kind,
# and what was not judged. Exit status 1 if there was a finding that is not known, or a run that did not come to its end.
#
# What is known of an emulator is a baseline of its own in testdata/soak/known, named by it and its version without the
# last number: an entry's note says what kind it is of, who is right and which manual says so. Once that is found out,
#	validate baseline update --baseline testdata/soak/known/qemu-10.0.json --note "..." build/soak/kept.X/report.json
# adds the findings of a report. Of an emulator without one, everything is news.
#
# SEED chooses the first random program; by default it is a new one each time, and printed.
set -uo pipefail

: "${BUILD:?the build folder}" "${VALIDATE:?the program}" "${SOAK_SECONDS:=60}" "${QEMUS:=}"
: "${SEED:=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}"
export LC_ALL=C
top=$PWD
work=build/soak
known=$top/testdata/soak/known
per_run=300 # seconds, and
most=400000 # instructions: a run that is cut off is judged up to there
VALIDATE=$(realpath "$VALIDATE")
BUILD=$(realpath "$BUILD")

# What unicorn 2.0's CPU models lack: what their CPUID does not announce (leaves 1, 7, 0x80000001).
embedded_lacks=(avx avx2 fma f16c movbe pclmulqdq popcnt)

guests=(hello 'loop 2000' 'syscalls' 'handlers' 'signals' 'recorded')
# shellcheck disable=SC2016 # awk's variables
programs=(
	'ls -l text' 'sort -r text' 'sed s/quick/slow/ text' 'grep -c 1.quick text' 'wc text' 'tac text' 'cut -c3-9 text'
	'tr a-z A-Z' 'uniq -c text' 'od -tx8 text' 'nl text' 'fold -w 20 text' 'paste text text' 'join text text'
	'comm text text' 'head -n 3 text' 'tail -n 3 text' 'base64 text' 'sha256sum text' 'md5sum text' 'cksum text'
	'expr 12345 * 678' 'factor 1234567890123' 'seq 1 3 40' 'numfmt --to=si 123456789' 'printf %a 1.25' 'date -u -d @1e9'
	'gzip -c text' 'xz -c text' 'bzip2 -c text' 'tar -cf - text' 'cmp text text' 'diff text other' 'find . -name text'
	'gawk {n+=$2*1.5}END{print(n,sqrt(n))} text' 'mawk {n+=$2}END{print(n)} text' 'perl -e print(sqrt(2)*7,"\n")'
	'lua5.4 -e print(math.sin(0.5),2^0.5)' 'bc -l expression' 'busybox awk {n+=$2/3}END{print(n)} text'
	'busybox sort text' 'busybox vi --help' 'dc -e 2k2vp' 'sqlite3 :memory: select(1.5*2)' 'env' 'id -u' 'stat -c %s text'
	'getent hosts localhost' 'file text' 'make --version' 'git --version'
)

now() { date +%s; }

mkdir -p "$work" && cd "$work" || exit 1
rm -f findings gaps
touch findings gaps
echo '{"format": "validate-baseline", "version": 1, "findings": []}' >nothing.json
end=$(($(now) + SOAK_SECONDS))
seq 60 | sed 's/.*/the & quick brown foxes/' >text
seq 2 61 | sed 's/.*/the & quick brown foxes/' >other
echo 's(1)*2^70/3' >expression

emulators=()
IFS=: read -ra named <<<"$QEMUS"
for emulator in "$(command -v qemu-x86_64)" "${named[@]}"; do
	[ -x "$emulator" ] && emulators+=("$emulator")
done

declare -A verdicts=() checked=() runs=()
bad=0 total=0 turn=0

# Of an emulator as it is told in the sums: "QEMU 7.2.22", "unicorn".
known_file() { # TARGET
	local name=${1/QEMU /qemu-}

	[[ $name == unicorn ]] || name=${name%.*}
	[ -f "$known/$name.json" ] && echo "$known/$name.json" || echo nothing.json
}

# A line for each finding: target, kind, times. One may be of several kinds, a flag each.
# shellcheck disable=SC2016 # jq's variables
list_findings='
	def parts: .cause | split("+");
	.baseline.entries as $known | .findings[] | . as $f
	| if .baseline == "known" then
		[$known[] | select(.form == $f.form and .place == $f.place and parts - (parts - ($f | parts)) != []) | .note]
		| unique[]
	else "NEW: " + .key end
	| [$target, ., $f.count] | @tsv'

# ... and for what was not judged, or kept the run from its end.
# shellcheck disable=SC2016
list_gaps='
	(.partly_seen[] | [.reason + if .register then " (" + (.register | gsub("[0-9]+"; "N")) + ")" else "" end, .count]),
	(.unmodelled[] | ["not modelled: " + .mnemonic, .count]),
	(.reasons[] | select(. != "unseen" and . != "unmodelled") | [., 1]),
	(.lost_sync // empty | ["lost sync: the log has \(.expected), the guest \(.observed)" | gsub("0x[0-9a-f]+"; "N"), 1]),
	(select(.verdict == "error") | [.error, 1])
	| [$target] + . | @tsv'

# Everything that is summed up stands in the report.
account() { # NAME TARGET STATUS
	local verdict count

	read -r verdict count < <(jq -r '[.verdict, .checked] | @tsv' report.json 2>/dev/null) || verdict=none
	if [ "$verdict" != none ]; then
		jq -r --arg target "$2" "$list_findings" report.json >>findings || bad=1
		jq -r --arg target "$2" "$list_gaps" report.json >>gaps || bad=1
	fi
	: "${count:=0}"
	printf '%-28s %-26s status %s %-11s %9s checked\n' "${1:0:28}" "$2" "$3" "$verdict" "$count"
	verdicts[$verdict]=$((${verdicts[$verdict]:-0} + 1))
	checked[$2]=$((${checked[$2]:-0} + count))
	runs[$2]=$((${runs[$2]:-0} + 1))
	total=$((total + count))
}

keep() { # NAME TARGET
	local folder

	folder=$(mktemp -d kept.XXXXXX) || return
	cp -f run.json report.json report.txt guest guest.s "$folder" 2>/dev/null
	printf '\n---- %s on %s: kept in %s/%s\n' "$1" "$2" "$work" "$folder"
	cat report.txt
}

judge() { # NAME TARGET OPTION...
	local status

	rm -f report.json
	timeout -k 10 $per_run "$VALIDATE" --log run.json --max-instructions $most --fail-on possible \
		--baseline "$(known_file "$2")" --report report.json "${@:3}" >report.txt 2>&1
	status=$?
	account "$1" "$2" $status
	[ $status = 0 ] && return
	bad=1
	keep "$1" "$2"
}

judge_all() { # NAME
	local emulator version

	for emulator in "${emulators[@]}"; do
		[ "$(now)" -lt $end ] || return
		version=$("$emulator" --version | sed -n '1s/.*version \([0-9.]*\).*/QEMU \1/p')
		judge "$1" "$version" --emulator "$emulator" --cpu max
	done
}

record() { # COMMAND...
	env -i PATH="$PATH" LC_ALL=C timeout -k 10 $per_run "$VALIDATE" record -q -o run.json -- "$@" </dev/null >output 2>errors
}

random_program() {
	local features=() name="random $SEED"

	[ $((turn % 2)) = 0 ] || features=("${embedded_lacks[@]}")
	if ! { "$BUILD/testdata/soak/program" "$SEED" "${features[@]}" >guest.s &&
		${CC:-cc} -nostdlib -static -no-pie -o guest guest.s && record ./guest; }; then
		bad=1
		echo "$name: cannot be made or recorded: $(cat errors)"
		return
	fi
	[ ${#features[@]} = 0 ] || judge "$name" unicorn
	judge_all "$name"
	SEED=$((SEED + 1))
}

other_program() { # PROGRAM ARG...
	record "$@" || [ -s run.json ] || {
		echo "$*: not recorded: $(tail -n 1 errors)"
		return
	}
	judge "$*" unicorn
	judge_all "$*"
}

echo "soak: $SOAK_SECONDS s from seed $SEED on unicorn${emulators[*]:+, ${emulators[*]}}"
while [ "$(now)" -lt $end ]; do
	random_program
	if [ $((turn % 6)) = 5 ]; then
		read -ra command <<<"${guests[turn / 6 % ${#guests[@]}]}"
		other_program "$BUILD/guests/${command[0]}" "${command[@]:1}"
	fi
	if [ $((turn % 2)) = 1 ]; then
		set -f
		# shellcheck disable=SC2206 # words without quotes, and no patterns
		command=(${programs[turn / 2 % ${#programs[@]}]})
		set +f
		if command -v "${command[0]}" >/dev/null; then
			[ "$(now)" -lt $end ] && other_program "$(command -v "${command[0]}")" "${command[@]:1}"
		else
			echo "${command[0]}: not installed"
		fi
	fi
	turn=$((turn + 1))
done

# The lines of a file by their first two fields: runs, and the sum of the third.
table() { # FILE
	awk -F '\t' '{ runs[$1 FS $2]++; times[$1 FS $2] += $3 }
		END { for (k in runs) { split(k, f); printf "%-14s %8d %10d  %s\n", f[1], runs[k], times[k], f[2] } }' "$1" |
		sort
}

printf '\nfindings by kind: emulator, findings, times seen\n'
table findings
printf '\nnot judged: emulator, places or runs, times\n'
table gaps
echo
for target in "${!runs[@]}"; do
	echo "$target: ${runs[$target]} runs, ${checked[$target]} instructions checked"
done
printf 'soak: %d instructions checked, %d findings, %d of them news;' $total "$(wc -l <findings)" "$(grep -c '	NEW: ' findings)"
for verdict in "${!verdicts[@]}"; do
	printf ' %s %s' "${verdicts[$verdict]}" "$verdict"
done
echo
exit $bad
