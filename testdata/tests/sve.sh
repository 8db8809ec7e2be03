#!/usr/bin/env bash
# SVE, which is outside of the model: of an instruction that may change one register no other is adopted. A QEMU that gets
# others wrong (testdata/helpers/log_filter.c) is found out; the report names a CPU that does without SVE.
#
# QEMUS: further emulators, separated by blanks, besides those on PATH and of VALIDATE_QEMU_AARCH64.
. testdata/bin/cases.sh
. testdata/bin/arm-qemus.sh

needs jq nm
enter_scratch
guest=$guests/aarch64/a64sve
[ -x "$guest" ] || skip "there is no compiler for AArch64"
at=$(nm "$guest" | awk '$3 == "behind_add" { print $1 }')

# Judges the guest in a QEMU that is wrong by a rule, or in none. $status, and in $said a line for each finding.
judge() { # QEMU RULE OPTION...
	printf '#!/bin/sh\nexec %s %s -- %s "$@"\n' "$helpers/log_filter" "$2" "$1" >wrong
	chmod +x wrong
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" -q --log run.json --emulator ./wrong --sandbox off --cpu max \
		--report report.json "${@:3}" "$guest" >text 2>stderr </dev/null
	status=$?
	said=$(jq -r '.findings[] | [.form, .location, .formula, .count] | join(" ")' report.json)
}

wrong() { # QEMU REGISTER XOR REGISTER
	judge "$1" "at=$at,nth=2,reg=$2,xor=$3" --lane log
	same "$1: $2" "$status $(head -n 1 <<<"$said")" "1 add sve $4 unchanged 1"
}

outside='["ld1w","ldff1w","incw","add","ptrue","rdffrs","setffr","st1w","uaddv","whilelt"]'

try() { # QEMU
	local version lane
	version=$("$1" --version | sed -n '1s/ (.*//p')

	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o run.json --via qemu --emulator "$1" --cpu max -- "$guest" >output
	same "$version: the guest is recorded" "$? $(cat output)" "0 0x95bc 0x10b400000fac"
	for lane in gdb log; do
		judge "$1" "" --lane $lane
		same "$version, $lane: nothing is wrong" "$status $said" "0 "
		same "$version, $lane: what has no model" "$(jq -c --argjson all "$outside" '[.unmodelled[].mnemonic] - $all' report.json)" '[]'
		same "$version, $lane: a CPU without" "$(jq -c .outside report.json)" '{"name":"SVE and SME","cpu":"neoverse-n1"}'
	done
	conforms "$version" report.json lib/report/report.schema.json

	# In front of the instruction behind an ADD of vectors, once: it comes back behind that.
	wrong "$1" X20 10 x20
	wrong "$1" PSTATE 10000000 vf
	[[ $version == *" 7."* ]] || wrong "$1" Z05 10 v5 # 7.2 writes their low halves without a name
	judge "$1" "at=$at,nth=2,reg=PC,xor=0" --lane log
	same "$version: the filter itself" "$status $said" "0 "
}

[ ${#arm_qemus[@]} -gt 0 ] || untried "SVE in QEMU" "there is no qemu-aarch64"
for qemu in "${arm_qemus[@]}"; do
	try "$qemu"
done
finish
