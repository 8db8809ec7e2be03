#!/usr/bin/env bash
# gdb's own Python stepping, for comparison (gdb_step.py), on $BUILD/guests/loop.
#
# usage: gdb_step.sh [EMULATOR [PROGRAM [SECONDS]]]
set -euo pipefail

emulator=${1:-${VALIDATE_QEMU_X86_64:-qemu-x86_64}}
program=${2:-${BUILD:-build/rel}/guests/loop}
seconds=${3:-3}

command -v gdb >/dev/null || {
	echo "gdb's Python API: not measured, there is no gdb"
	exit 0
}

directory=$(mktemp -d)
socket=$directory/gdb
"$emulator" -g "$socket" "$program" 1000000000 2>/dev/null &
guest=$!
trap 'kill "$guest" 2>/dev/null || true; rm -rf "$directory"' EXIT

for ((i = 0; i < 500; i++)); do
	[ -S "$socket" ] && break
	sleep 0.01
done
BENCH_SOCKET=$socket BENCH_SECONDS=$seconds timeout 60 gdb -batch -nx -x testdata/bench/gdb_step.py "$program" 2>&1 |
	grep 'instructions/s'
