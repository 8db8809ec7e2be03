#!/usr/bin/env bash
# Traces of a loop of packed floating point and of one of packed integers, judged: instructions a second of one core, and the ratio.
# Medians of ROUNDS rounds that take turns. The goal is 0.8.
set -euo pipefail

: "${BUILD:?the build folder}" "${VALIDATE:?the program}"
rounds=${ROUNDS:-5} instructions=3000000
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
TIMEFORMAT='%U %S'

median() { # NUMBER...
	printf '%s\n' "$@" | sort -g | sed -n "$((($# + 1) / 2))p"
}

# Instructions judged a second of processor time.
rate() { # KIND
	local user sys

	read -r user sys < <({ time "$VALIDATE" -q --trace-in "$directory/$1.trace" >/dev/null 2>&1; } 2>&1 | tail -n 1)
	awk -v n=$instructions -v s="$user" -v t="$sys" 'BEGIN { print n / (s + t) }'
}

for kind in integer float; do
	"$VALIDATE" record -q -o "$directory/$kind.json" -- "$BUILD/guests/packed" $kind 1000000
	"$VALIDATE" trace --log "$directory/$kind.json" -q --no-progress --cpu qemu64 --max-instructions $instructions \
		-o "$directory/$kind.trace"
done
integer=() float=()
for ((i = 0; i < rounds; i++)); do
	integer+=("$(rate integer)")
	float+=("$(rate float)")
done
awk -v i="$(median "${integer[@]}")" -v f="$(median "${float[@]}")" 'BEGIN {
	printf "  judged a second: %.0f of packed integers, %.0f of packed floating point: %.2f\n", i, f, f / i
}'
