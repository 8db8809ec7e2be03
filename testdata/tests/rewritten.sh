#!/usr/bin/env bash
# Code that changes after it has run, by the kernel's hand and by the program's own: the run is as it was recorded, and the
# emulators are found to do nothing wrong.
. testdata/bin/cases.sh

needs x86_64 jq
enter_scratch

judge() { # OPTION...
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" --log run.json -q --show-output --report report.json "$@" >printed 2>stderr </dev/null
	status=$?
}

printed=$("$VALIDATE" record -q -o run.json -- "$guests/rewritten")
same "recorded" "$?" 0
matches "recorded" "$printed" "^0x[0-9a-f]+$"
targets=("")
if command -v qemu-x86_64 >/dev/null; then
	targets+=("--qemu")
else
	untried "rewritten in QEMU" "there is no qemu-x86_64"
fi
for target in "${targets[@]}"; do
	# shellcheck disable=SC2086 # options
	judge $target
	same "${target:-in unicorn}" "$status $(<printed) $(jq -c '[.verdict, .events.delivered, .error]' report.json)" \
		"0 $printed [\"clean\",1,null]"
done
finish
