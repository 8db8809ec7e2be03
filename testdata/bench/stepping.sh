#!/usr/bin/env bash
# Instructions per second, side by side, for each QEMU found: the bare C loop of step + `g` one at a time and 64 sent ahead
# (bench_gdb), gdb's Python API, and validate with everything judged; then validate's resident memory over a run 30 times
# as long. Medians of ROUNDS rounds, in which the four take turns; each takes SECONDS_EACH seconds. With 3 of each, a QEMU
# takes a minute, and half a minute for the memory; with ROUNDS=5 SECONDS_EACH=4, two builds take some eight minutes.
#
# QEMUS: further builds of qemu-x86_64, separated by blanks, besides the one on PATH and VALIDATE_QEMU_X86_64.
set -euo pipefail

: "${BUILD:?the build folder}" "${VALIDATE:?the program}"
rounds=${ROUNDS:-3}
seconds=${SECONDS_EACH:-3}
guest=$BUILD/guests/loop
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

median() { # NUMBER...
	printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"
}

# The number in front of "instructions/s" on the line that contains a text.
rate_of() { # TEXT
	sed -n "s|.*$1.*: \([0-9]*\) instructions/s.*|\1|p"
}

# Judges so many instructions of the guest; prints instructions per second and peak resident kB.
judge() { # EMULATOR INSTRUCTIONS
	local report=$directory/report.json peak=0 now

	"$VALIDATE" --log "$directory/loop.json" --emulator "$1" --qemu --max-instructions "$2" -q --report "$report" "$guest" &
	while kill -0 $! 2>/dev/null; do
		now=$(awk '/VmHWM/ {print $2}' "/proc/$!/status" 2>/dev/null || true)
		peak=${now:-$peak}
		sleep 0.05
	done
	wait $! || return 1
	echo "$(sed -n 's/.*"instructions_per_second": \([0-9]*\).*/\1/p' "$report") $peak"
}

measure() { # EMULATOR
	local sequential=() ahead=() python=() ours=() out rate _

	for ((i = 0; i < rounds; i++)); do
		out=$("$BUILD/testdata/bench/bench_gdb" "$1" "$guest" "$seconds")
		sequential+=("$(rate_of sequential <<<"$out")")
		ahead+=("$(rate_of ahead <<<"$out")")
		out=$(testdata/bench/gdb_step.sh "$1" "$guest" "$seconds" | rate_of Python)
		python+=("${out:-0}")
		read -r rate _ < <(judge "$1" $((ahead[i] * seconds)))
		ours+=("$rate")
	done
	local s a p o
	s=$(median "${sequential[@]}") a=$(median "${ahead[@]}") p=$(median "${python[@]}") o=$(median "${ours[@]}")
	printf '%s\n' "$("$1" --version | head -n 1)"
	printf '  %-36s %8d instructions/s\n' "bare loop, one step at a time" "$s" "bare loop, 64 steps sent ahead" "$a" \
		"gdb's Python API" "$p" "validate, everything judged" "$o"
	awk -v s="$s" -v a="$a" -v p="$p" -v o="$o" 'BEGIN {
		printf "  validate takes %.2f times the time of the bare loop sent ahead; it is %.1f times as fast as\n", a / o, o / s
		printf "  the bare loop one at a time, and %s times as fast as gdb\n", p ? sprintf("%.1f", o / p) : "?"
	}'
	local short long peak_short peak_long
	short=$((o / 3 + 3000))
	read -r _ peak_short < <(judge "$1" $short)
	long=$((30 * short))
	read -r _ peak_long < <(judge "$1" $long)
	echo "  resident memory: $peak_short kB for $short instructions, $peak_long kB for $long"
}

"$VALIDATE" record -q -o "$directory/loop.json" -- "$guest" 100000000 >/dev/null
declare -A seen=()
for emulator in "$(command -v qemu-x86_64 || true)" "${VALIDATE_QEMU_X86_64:-}" ${QEMUS:-}; do
	if [ -z "$emulator" ] || [ -n "${seen[$emulator]:-}" ]; then
		continue
	fi
	seen[$emulator]=1
	measure "$emulator"
done
[ ${#seen[@]} -gt 0 ] || echo "not measured: there is no qemu-x86_64"
