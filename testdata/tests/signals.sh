#!/usr/bin/env bash
# Signals as the kernel delivers them: a recorded program takes the course that it takes alone, and each target repeats
# it, up to the signal that kills it. Calls are matched by what the kernel looks at.
. testdata/bin/cases.sh

needs x86_64 jq
enter_scratch

targets=("")
if command -v qemu-x86_64 >/dev/null; then
	targets+=("--emulator qemu-x86_64 --cpu qemu64" "--emulator qemu-x86_64 --cpu max")
else
	untried "signals in QEMU" "no qemu-x86_64"
fi

# How a program ends, as the shell tells it and as a report does.
alone() { # PROGRAM ARG...
	(
		exec 2>/dev/null
		timeout -s KILL "$HANG_SECONDS" "$@" </dev/null
		echo "status $?"
	) 2>/dev/null
}

in_report() {
	jq -r '"status \(.guest.exit_status // (128 + .guest.exit_signal))"' report.json
}

# A program writes the same whether it runs alone, is recorded, or is replayed; with nothing found.
repeats() { # DELIVERED PROGRAM ARG...
	local target expected name="${2##*/} ${*:3}"

	expected=$(alone "${@:2}")
	same "$name: recorded" "$(timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o run.json -- "${@:2}" 2>stderr </dev/null)" \
		"$(grep -v '^status ' <<<"$expected")"
	for target in "${targets[@]}"; do
		rm -f report.json
		# shellcheck disable=SC2086 # options
		timeout -s KILL "$HANG_SECONDS" "$VALIDATE" --log run.json -q --show-output --report report.json $target >printed 2>stderr </dev/null
		status=$?
		printf '%s\n' "$(in_report)" >>printed
		same "$name: ${target:-in unicorn}" "$status $(jq -r '[.findings, .events.delivered, .error] | @json' report.json) $(<printed)" \
			"0 [[],$1,null] $expected"
	done
}

delivery=$guests/delivery
repeats 43 "$delivery" nested pending values within ignored jump edit faults stacks registers
repeats 0 "$guests/leftovers"

# Those that end otherwise, which have processes of their own.
if [ ${#targets[@]} -gt 1 ]; then
	targets=("" "--emulator qemu-x86_64 --cpu qemu64")
fi
for mode in frameless:1 overflow:1 by_fault:0 by_overflow:0 by_frame:0 by_pipe:0 by_alarm:0 by_alarm_amid_calls:0 \
	by_mask:0 by_kill:0 by_handler:1; do
	repeats "${mode#*:}" "$delivery" "${mode%:*}"
done
finish
