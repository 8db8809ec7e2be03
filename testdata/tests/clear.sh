#!/usr/bin/env bash
# A loop that a translation block falls into and comes back to, so that the next one begins where this one may have ended:
# DC ZVA clears as many bytes as the guest's CPU says when it is asked; where nobody knows what is done in the loop (SVE),
# nothing is found either.
#
# QEMUS: further emulators, separated by blanks, besides those on PATH and of VALIDATE_QEMU_AARCH64.
. testdata/bin/cases.sh

needs jq
enter_scratch
guest=$guests/aarch64/a64clear
[ -x "$guest" ] || skip "there is no compiler for AArch64"

judge() { # QEMU CPU OPTION...
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" -q --log run.json --emulator "$1" --cpu "$2" --report report.json "${@:3}" \
		>/dev/null 2>stderr </dev/null
	said="$? $(jq -c '[.verdict, (.findings | length), (.unmodelled | map(.mnemonic))]' report.json)"
}

try() { # QEMU
	local version
	version=$("$1" --version | sed -n '1s/ (.*//p')

	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o run.json --via qemu --emulator "$1" --cpu neoverse-n1 -- "$guest"
	judge "$1" neoverse-n1 --lane gdb
	same "$version: by steps" "$said" '0 ["clean",0,[]]'
	judge "$1" neoverse-n1 --granularity block
	same "$version: by blocks" "$said" '0 ["clean",0,[]]'
	verdict "$(($(jq .in_blocks report.json) > 100 ? 0 : 1))" "$version: there are blocks" "$(jq .in_blocks report.json)"

	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o run.json --via qemu --emulator "$1" --cpu max -- "$guest" sve
	judge "$1" max --granularity block
	same "$version: what is done is not known" "$said" '0 ["incomplete",0,["rdvl"]]'
}

tried=
for qemu in qemu-aarch64 "${VALIDATE_QEMU_AARCH64:-}" ${QEMUS:-}; do
	if [[ $qemu == *aarch64 ]] && command -v "$qemu" >/dev/null; then
		try "$qemu"
		tried=1
	fi
done
[ -n "$tried" ] || untried "clearing in QEMU" "there is no qemu-aarch64"
finish
