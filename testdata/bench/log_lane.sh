#!/usr/bin/env bash
# The log lane, for each QEMU found, in one run: states a second at which that QEMU writes the log of the loop guest to a
# reader that throws it away; instructions a second that validate judges of the same guest in the log, by instructions and
# by blocks; its own processor time for each, which is reading, parsing and judging, and what of that parsing takes from
# memory; its peak of resident memory for INSTRUCTIONS (1,000,000) and ten times as many. Medians of ROUNDS (3) rounds, in
# which writing and judging take turns; with both at their defaults a QEMU takes two minutes on an idle machine.
#
# QEMUS: further emulators, separated by blanks, besides those on PATH.
set -euo pipefail

: "${BUILD:?the build folder}" "${VALIDATE:?the program}"
rounds=${ROUNDS:-3}
instructions=${INSTRUCTIONS:-1000000}
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
TIMEFORMAT=%R
# Of one round of the loop guest.
per_round=29

median() { # NUMBER...
	printf '%s\n' "$@" | sort -g | sed -n "$((($# + 1) / 2))p"
}

field() { # NAME
	sed -n "s/^ *\"$1\": \([0-9.]*\),*$/\1/p" "$directory/report.json" | head -n 1
}

# Judges so many instructions; prints how many a second, microseconds of our own processor time for each, peak kB.
judge() { # EMULATOR LOG CPU INSTRUCTIONS OPTION...
	local peak=0 ticks=0 now line pid

	"$VALIDATE" --log "$2" --emulator "$1" --cpu "$3" --max-instructions "$4" "${@:5}" -q --no-progress \
		--report "$directory/report.json" &
	pid=$!
	# The last look is up to 20 ms before the end.
	while { read -r line <"/proc/$pid/stat"; } 2>/dev/null && [[ $line != *") Z "* ]]; do
		read -r -a now <<<"${line##*) }"
		ticks=$((now[11] + now[12]))
		peak=$(awk -v old="$peak" '/VmHWM/ { old = $2 } END { print old }' "/proc/$pid/status" 2>/dev/null || echo "$peak")
		sleep 0.02
	done
	wait $pid || return 1
	awk -v n="$(field instructions)" -v s="$(field seconds)" -v t="$ticks" -v hz="$(getconf CLK_TCK)" -v peak="$peak" \
		'BEGIN { print n / s, 1e6 * t / hz / n, peak }'
}

# States a second at which the emulator writes the same log.
write_log() { # EMULATOR GUEST CPU ITEMS OPTION...
	local seconds reader

	rm -f "$directory/log"
	mkfifo "$directory/log"
	cat "$directory/log" >/dev/null &
	reader=$!
	seconds=$({ time "$1" -cpu "$3" "${@:5}" -d "$4" -D "$directory/log" "$2" $((instructions / per_round)) >/dev/null 2>&1; } 2>&1)
	wait $reader
	awk -v n="$instructions" -v s="$seconds" 'BEGIN { print n / s }'
}

parse() { # EMULATOR GUEST CPU OPTION...
	{ "$1" -cpu "$3" "${@:4}" -d cpu,fpu,nochain,page -D /dev/stdout "$2" 100 || true; } 2>/dev/null |
		head -c 40000000 >"$directory/file"
	"$BUILD/testdata/bench/bench_qemu_log" "$directory/file" | sed 's/.*, \([0-9.]*\) us a state/\1/'
}

measure() { # EMULATOR GUEST LOG CPU
	local written=() judged=() own=() blocks=() single=-singlestep rate cost peak long _

	[[ $("$1" --help) != *-one-insn-per-tb* ]] || single=-one-insn-per-tb
	for ((i = 0; i < rounds; i++)); do
		written+=("$(write_log "$1" "$2" "$4" cpu,fpu,nochain,page $single)")
		read -r rate cost peak < <(judge "$1" "$3" "$4" "$instructions" --lane log)
		judged+=("$rate") own+=("$cost")
		read -r rate _ < <(judge "$1" "$3" "$4" "$instructions" --granularity block)
		blocks+=("$rate")
	done
	read -r _ _ long < <(judge "$1" "$3" "$4" $((10 * instructions)) --lane log)
	"$1" --version | sed -n '1s/ (.*//p'
	awk -v w="$(median "${written[@]}")" -v j="$(median "${judged[@]}")" -v b="$(median "${blocks[@]}")" \
		-v o="$(median "${own[@]}")" -v p="$(parse "$1" "$2" "$4" $single)" 'BEGIN {
		printf "  %-44s %8d states/s\n", "QEMU, its log thrown away", w
		printf "  %-44s %8d instructions/s, %.2f of that\n", "validate, everything judged", j, j / w
		printf "  %-44s %8d instructions/s\n", "validate by blocks", b
		printf "  %-44s %8.2f us a state; parsing alone, from memory: %.2f\n", "validate, its own processor time", o, p
	}'
	echo "  resident memory: $peak kB for $instructions instructions, $long kB for $((10 * instructions))"
}

for emulator in qemu-x86_64 qemu-aarch64 ${QEMUS:-}; do
	command -v "$emulator" >/dev/null || continue
	guest=$BUILD/guests/loop cpu=max via=()
	if [[ $emulator == *aarch64* ]]; then
		guest=$BUILD/guests/aarch64/loop cpu=neoverse-n1 via=(--via qemu -e qemu-aarch64 --cpu neoverse-n1)
	fi
	[ -x "$guest" ] || continue
	log=$directory/${guest//\//_}.json
	[ -e "$log" ] || "$VALIDATE" record -q "${via[@]}" -o "$log" -- "$guest" 100000000 >/dev/null
	measure "$emulator" "$guest" "$log" "$cpu"
done
