#!/usr/bin/env bash
# What system calls destroy (testdata/guests/destroyed.c): on this CPU, and in each target, which makes some itself.
. testdata/bin/cases.sh

needs x86_64 jq
enter_scratch
"$guests/destroyed" >native
same "on this CPU" "$?" 0
timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o run.json -- "$guests/destroyed" >recorded </dev/null
same "recorded" "$? $(<recorded)" "0 $(<native)"

targets=("")
for qemu in "$(command -v qemu-x86_64 || true)" "${VALIDATE_QEMU_X86_64:-}" ${QEMUS:-}; do
	[ -z "$qemu" ] || targets+=("--emulator $qemu --cpu qemu64")
done
[ ${#targets[@]} -gt 1 ] || untried "in QEMU" "there is no qemu-x86_64"
for target in "${targets[@]}"; do
	# shellcheck disable=SC2086 # options
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" --log run.json -q --show-output --report report.json $target \
		>printed 2>stderr </dev/null
	same "${target:-in unicorn}" "$? $(jq -c '[.verdict, .error]' report.json) $(<printed)" \
		"0 [\"clean\",null] $(<native)"
done
finish
