#!/usr/bin/env bash
# Two divide errors: clean in QEMU. unicorn 2.0.1 makes a double fault of the second, as it never ends the first: that is a
# finding at the division, whatever becomes of the run behind it.
. testdata/bin/cases.sh

needs x86_64 jq
enter_scratch

judge() { # OPTION...
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" --log run.json -q --report report.json "$@" 2>stderr </dev/null
	status=$?
}

printed=$("$VALIDATE" record -q -o run.json -- "$guests/divides")
same "recorded" "$? $printed" "0 twice"
judge
if [ $status = 0 ]; then
	same "in unicorn" "$(jq -r .verdict report.json)" clean
else
	same "in unicorn" "$status $(jq -r '.verdict' report.json)" "1 divergent"
	same "in unicorn: what is found" \
		"$(jq -c '.findings | [length, .[0].form, .[0].place, .[0].expected]' report.json)" \
		'[1,"div r32","fault","0x08"]' # SIGFPE is 8
fi
if command -v qemu-x86_64 >/dev/null; then
	judge --qemu
	same "in QEMU" "$status $(jq -c '[.verdict, .events.delivered]' report.json)" '0 ["clean",2]'
else
	untried "two divide errors in QEMU" "there is no qemu-x86_64"
fi
finish
