#!/usr/bin/env bash
# What is known of emulators (testdata/soak/known): each file is a baseline, and each note names the manual's section.
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
finish
