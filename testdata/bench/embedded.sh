#!/usr/bin/env bash
# Judged instructions per second in unicorn, in process, and in the QEMU on PATH, stepped over GDB's protocol: the same log
# of the same guest, for both instruction sets. Medians of ROUNDS rounds, in which the two take turns.
set -euo pipefail

: "${BUILD:?the build folder}" "${VALIDATE:?the program}"
rounds=${ROUNDS:-3}
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

median() { # NUMBER...
	printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"
}

# Prints instructions per second.
judge() { # GUEST INSTRUCTIONS OPTION...
	"$VALIDATE" --log "$directory/run.json" --max-instructions "$2" -q --report "$directory/report.json" "${@:3}" "$1"
	sed -n 's/.*"instructions_per_second": \([0-9]*\).*/\1/p' "$directory/report.json"
}

compare() { # NAME GUEST RECORD-OPTION...
	local embedded=() stepped=() e s

	"$VALIDATE" record -q "${@:3}" -o "$directory/run.json" -- "$2" 40000 >/dev/null
	for ((i = 0; i < rounds; i++)); do
		embedded+=("$(judge "$2" 1000000)")
		stepped+=("$(judge "$2" 20000 --qemu)")
	done
	e=$(median "${embedded[@]}") s=$(median "${stepped[@]}")
	printf '%-8s %9d instructions/s in unicorn, %7d in QEMU: %.0f times as many\n' "$1" "$e" "$s" \
		"$(awk -v e="$e" -v s="$s" 'BEGIN { print e / s }')"
}

qemu-x86_64 --version | head -n 1
compare x86_64 "$BUILD/guests/loop"
compare aarch64 "$BUILD/guests/aarch64/loop" --via qemu
