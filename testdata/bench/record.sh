#!/usr/bin/env bash
# validate record against strace, on programs that make many system calls: wall seconds of each, the best of ROUNDS.
#
# Both stop the program twice a call; strace formats each call and throws the text away, validate keeps a log of what the
# kernel wrote. ROUNDS is 5 if not set.
set -euo pipefail

: "${VALIDATE:?the program}"
rounds=${ROUNDS:-5}
command -v strace >/dev/null || {
	echo "validate record against strace: not measured, there is no strace"
	exit 0
}
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

# The shortest of some runs is the one that was disturbed least; the programs take turns.
seconds() { # COMMAND...
	local start=${EPOCHREALTIME/./}

	"$@" >/dev/null 2>&1
	echo $((${EPOCHREALTIME/./} - start))
}

least() { # OLD NEW
	local old=${1:-$2}

	echo $((old < $2 ? old : $2))
}

measure() { # NAME PROGRAM...
	local name=$1 plain='' record='' strace=''

	shift
	for ((i = 0; i < rounds; i++)); do
		plain=$(least "$plain" "$(seconds "$@")")
		record=$(least "$record" "$(seconds "$VALIDATE" record -o "$directory/run.json" -- "$@")")
		strace=$(least "$strace" "$(seconds strace -f -o /dev/null "$@")")
	done
	awk -v name="$name" -v p="$plain" -v r="$record" -v s="$strace" -v bytes="$(stat -c %s "$directory/run.json")" 'BEGIN {
		printf "%-24s alone %6.3f s, strace %6.3f s, validate record %6.3f s (%.2f of strace), log %.1f MB\n",
			name, p / 1e6, s / 1e6, r / 1e6, r / s, bytes / 1e6
	}'
}

measure "dd, 40,000 calls" busybox dd if=/dev/zero of=/dev/null bs=1 count=20000
measure "find /usr/share" busybox find /usr/share -name nothing
measure "getppid, 40,000 calls" "${BUILD:-build/rel}/guests/recorded" many 40000
measure "md5sum, 4 KiB reads" busybox md5sum /usr/bin/perl
