#!/usr/bin/env bash
# How fast QEMU's own log of states is read, from memory: states a second for the logs that each QEMU found writes of the
# loop and x87 guests, with the vectors and without. QEMUS: further emulators, separated by blanks, besides those on PATH.
set -euo pipefail

: "${BUILD:?the build folder}"
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

measure() { # EMULATOR ITEMS GUEST
	local single=-one-insn-per-tb log=$directory/log

	"$1" --help | grep -q -- -one-insn-per-tb || single=-singlestep
	# The first 40 MB are enough: the emulator ends when nobody reads on.
	{ "$1" -cpu max $single -d "$2" -D /dev/stdout "$3" 100 || true; } 2>/dev/null | head -c 40000000 >"$log"
	printf '%s, -d %s, %s: ' "$("$1" --version | sed -n '1s/ (.*//p')" "$2" "${3##*/}"
	"$BUILD/testdata/bench/bench_qemu_log" "$log"
}

for emulator in qemu-x86_64 qemu-aarch64 ${QEMUS:-}; do
	command -v "$emulator" >/dev/null || continue
	guests=$BUILD/guests
	[[ $emulator != *aarch64* ]] || guests=$guests/aarch64
	for guest in loop x87; do
		[ -x "$guests/$guest" ] || continue
		measure "$emulator" cpu,nochain "$guests/$guest"
		measure "$emulator" cpu,fpu,nochain "$guests/$guest"
	done
done
