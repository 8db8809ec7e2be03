#!/usr/bin/env bash
# What is known of emulators. testdata/soak/known: each file is a baseline, and each note names the manual's section.
# testdata/known: this CPU contradicts no row, each has a manual's section, the installed QEMU, or that of
# VALIDATE_QEMU_X86_64, has the faults that the rows say of its version, and validate names some of them.
. testdata/bin/cases.sh

needs x86_64 jq
known=$top/testdata/soak/known
enter_scratch

"$VALIDATE" record -q -o run.json -- "$guests/hello" >/dev/null
same "recorded" $? 0
for file in "$known"/*.json; do
	name=${file##*/}
	"$VALIDATE" --log run.json -q --baseline "$file" --report report.json >/dev/null 2>stderr
	same "$name: as a baseline" "$? $(jq '.baseline.entries | length > 0' report.json)" "0 true"
	same "$name: entries without a manual's section" \
		"$(jq -c '[.findings[] | select(.note | test("(SDM|APM) vol\\. [123], ") | not) | .form]' "$file")" '[]'
done

# ---- testdata/known ----

rows() { # COMMAND...
	(cd "$top" && BUILD=$(dirname "$guests") VALIDATE=$VALIDATE testdata/bin/known.sh "$@")
}

list=$(dirname "$guests")/known/list.tsv
rows make
same "the rows' guests are made" $? 0
same "rows without a manual's section" "$(awk -F '\t' '$7 !~ /(SDM|APM) vol\. [1-5], |System V ABI/ { print $1 }' "$list")" ""
same "rows without an instruction, a fault, a version" \
	"$(awk -F '\t' '$2 !~ /^[0-9]+\.[0-9]+( [0-9]+\.[0-9]+)*$/ || $5 == "" || $6 == "" { print $1 }' "$list")" ""
same "names that two rows have" "$(cut -f1 "$list" | sort | uniq -d)" ""

while IFS=$'\t' read -r name outcome; do
	case $outcome in
	lacks*) untried "$name on this CPU" "it $outcome" ;;
	*) same "$name: on this CPU" "$outcome" right ;;
	esac
done < <(rows native)

qemu=${VALIDATE_QEMU_X86_64:-qemu-x86_64}
version=$("$qemu" --version 2>/dev/null | sed -n 's/.*version \([0-9]*\.[0-9]*\).*/\1/p')
if ! cut -f2 "$list" | grep -qwF "${version:-none}"; then
	untried "known faults in QEMU" "nothing is known of what is wrong in QEMU '$version'"
	finish
fi
while IFS=$'\t' read -r name outcome; do
	expected=right
	awk -F '\t' -v name="$name" '$1 == name { print " " $2 " " }' "$list" | grep -qF " $version " && expected=wrong
	case $outcome in
	lacks*) untried "$name in QEMU $version" "its CPU $outcome" ;;
	*) same "$name: in QEMU $version" "${outcome%%:*}" $expected ;;
	esac
done < <(rows qemu "$qemu" max)

# One of each kind: a flag, decoding, a signal that is missing, x87, MXCSR.
mapfile -t some < <(awk -F '\t' -v version="$version" '
	index(" " $2 " ", " " version " ") && $1 ~ /^(blsi-zero|rex-not-last|sse-unmasked|x87-rounded-up|mmx-movntq-register|sse-max-daz)$/ {
		print $1
	}' "$list")
while IFS=$'\t' read -r name outcome; do
	matches "$name: validate on QEMU $version" "$outcome" ^named
done < <(rows named "$qemu" max "${some[@]}")
finish
