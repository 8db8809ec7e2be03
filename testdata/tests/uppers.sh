#!/usr/bin/env bash
# A QEMU that gets the upper half of one YMM register wrong, once (testdata/helpers/log_filter.c): its log shows it, and
# the instruction is named, and so is the block where only blocks are wrong. The stub shows nothing of it, and says so.
#
# QEMUS: further emulators, separated by blanks, besides those on PATH and of VALIDATE_QEMU_X86_64.
. testdata/bin/cases.sh

needs x86_64 jq nm
grep -qw avx2 /proc/cpuinfo || skip "this CPU has no AVX2"
enter_scratch
guest=$guests/uppers

sym() { # NAME
	nm "$guest" | awk -v name="$1" '$3 == name { sub(/^0+/, "", $1); print $1 }'
}

# Judges the guest in a QEMU that is wrong by these rules. $status, and in $said a line for each finding.
judge() { # QEMU "ARGUMENT..." of log_filter; OPTION... of validate
	printf '#!/bin/sh\nexec %s %s -- %s "$@"\n' "$helpers/log_filter" "$2" "$1" >wrong
	chmod +x wrong
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" -q --log run.json --emulator ./wrong --sandbox off --cpu max \
		--report report.json "${@:3}" >text 2>stderr </dev/null
	status=$?
	said=$(jq -r '.findings[] | [.symbol, .location, .observed, .count, .event] | join(" ")' report.json)
}

timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o run.json -- "$guest"
same "the guest is recorded" $? 0

# Bit 160, which is bit 32 of the upper half. The last of three times, and to the run's end: nothing writes the register
# any more.
flip="nth=3,for=1000000,reg=YMM02,xor=1$(printf '0%.0s' {1..40})"
finding="sum_here ymm2h 0x00000000000000080000000100000006 1 3"

try() { # QEMU
	local version
	version=$("$1" --version | sed -n '1s/ (.*//p')

	judge "$1" ""
	same "$version: nothing is wrong" "$status $said $(jq -r .verdict report.json)" "0  clean"
	judge "$1" "at=$(sym behind_sum),$flip" --lane log
	same "$version: an upper half" "$status $said" "1 $finding"
	judge "$1" "at=$(sym behind_sum),$flip" --lane gdb
	same "$version: through the stub" "$status $said $(jq -r '[.verdict, (.partly_seen[].register | select(test("ymm")))] |
		unique | join(" ")' report.json)" "0  incomplete ymm1h ymm2h"
	judge "$1" "--blocks at=$(sym next_block),$flip" --granularity block
	same "$version: an upper half in a block alone" "$status $said" "1 $finding"
	judge "$1" "--blocks at=$(sym next_block),$flip" --lane log
	same "$version: there are no blocks" "$status $said" "0 "
}

tried=
for qemu in qemu-x86_64 "${VALIDATE_QEMU_X86_64:-}" ${QEMUS:-}; do
	if [[ $qemu == *x86_64 ]] && command -v "$qemu" >/dev/null; then
		try "$qemu"
		tried=1
	fi
done
[ -n "$tried" ] || untried "upper halves in QEMU" "there is no qemu-x86_64"
finish
