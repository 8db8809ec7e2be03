#!/usr/bin/env bash
# Traces: bytes an instruction, extra time of writing one (and processor time: a thread writes), instructions judged a second of one core and with two
# threads, and the peak of resident memory for a trace and one 30 times as long. Medians of ROUNDS rounds. Programs: the loop
# guest, whose values are random numbers, and busybox's sha256sum, if there is one; in unicorn and in each QEMU found
# (QEMUS: further ones, separated by blanks, besides that on PATH).
set -euo pipefail

: "${BUILD:?the build folder}" "${VALIDATE:?the program}"
rounds=${ROUNDS:-3}
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
TIMEFORMAT='%R %U %S'

median() { # NUMBER...
	printf '%s\n' "$@" | sort -g | sed -n "$((($# + 1) / 2))p"
}

# Wall-clock and processor seconds of a command, with its children.
seconds() { # COMMAND...
	local wall user sys

	read -r wall user sys < <({ time "$@" >/dev/null 2>&1; } 2>&1 | tail -n 1)
	awk -v w="$wall" -v u="$user" -v s="$sys" 'BEGIN { print w, u + s }'
}

# Peak resident kB of a command.
peak() { # COMMAND...
	local most=0 now

	"$@" >/dev/null 2>&1 &
	while kill -0 $! 2>/dev/null; do
		now=$(awk '/VmHWM/ {print $2}' "/proc/$!/status" 2>/dev/null || true)
		most=${now:-$most}
		sleep 0.02
	done
	echo "$most"
}

# Extra time of --trace: what a run takes with and without, in turns.
measure_extra() { # NAME LOG INSTRUCTIONS ARG...
	local with=() without=() with_cpu=() without_cpu=() run wall cpu

	run=("$VALIDATE" --log "$2" -q --no-progress --max-instructions "$3" "${@:4}")
	for ((i = 0; i < rounds; i++)); do
		read -r wall cpu < <(seconds "${run[@]}")
		without+=("$wall") without_cpu+=("$cpu")
		read -r wall cpu < <(seconds "${run[@]}" --trace "$directory/trace")
		with+=("$wall") with_cpu+=("$cpu")
	done
	awk -v name="$1" -v n="$3" -v bytes="$(stat -c %s "$directory/trace")" \
		-v a="$(median "${without[@]}")" -v b="$(median "${with[@]}")" \
		-v c="$(median "${without_cpu[@]}")" -v d="$(median "${with_cpu[@]}")" 'BEGIN {
		printf "  %-44s %5.2f bytes an instruction, %5.1f %% more time, %5.1f %% more processor time\n", name, bytes / n,
			100 * (b - a) / a, 100 * (d - c) / c
	}'
}

measure_judging() { # NAME LOG INSTRUCTIONS
	local one=() two=() wall cpu

	"$VALIDATE" trace --log "$2" -q --no-progress --cpu qemu64 --max-instructions "$3" -o "$directory/long"
	"$VALIDATE" trace --log "$2" -q --no-progress --cpu qemu64 --max-instructions $(($3 / 30)) -o "$directory/short"
	for ((i = 0; i < rounds; i++)); do
		read -r wall cpu < <(seconds "$VALIDATE" -q --trace-in "$directory/long")
		one+=("$(awk -v n="$3" -v s="$cpu" 'BEGIN { print n / s }')")
		read -r wall cpu < <(seconds "$VALIDATE" -q -j 2 --trace-in "$directory/long")
		two+=("$(awk -v n="$3" -v s="$wall" 'BEGIN { print n / s }')")
	done
	printf '  %-44s %9.0f a second of one core, %9.0f a second with -j 2\n' "$1" "$(median "${one[@]}")" \
		"$(median "${two[@]}")"
	echo "  resident memory: $(peak "$VALIDATE" -q --trace-in "$directory/short") kB for $(($3 / 30)) instructions," \
		"$(peak "$VALIDATE" -q --trace-in "$directory/long") kB for $3"
}

"$VALIDATE" record -q -o "$directory/loop.json" -- "$BUILD/guests/loop" 100000000 >/dev/null
logs=(loop)
if command -v busybox >/dev/null; then
	"$VALIDATE" record -q -o "$directory/sha256.json" -- busybox sha256sum "$(command -v busybox)" >/dev/null
	logs+=(sha256)
fi
for log in "${logs[@]}"; do
	echo "$log, written"
	measure_extra "unicorn" "$directory/$log.json" 1500000 --cpu qemu64
	for emulator in $(command -v qemu-x86_64 || true) ${QEMUS:-}; do
		measure_extra "$("$emulator" --version | sed -n 's/ version\( [^ ]*\).*/\1/p')" "$directory/$log.json" 30000 \
			--emulator "$emulator" --cpu qemu64
	done
	echo "$log, judged"
	measure_judging "by the model" "$directory/$log.json" 6000000
done
