#!/usr/bin/env bash
# Encodings that some CPUs of AArch64 lack: the model knows of each what the guest's CPU has, and judges all.
. testdata/bin/cases.sh

needs jq "${VALIDATE_QEMU_AARCH64:-qemu-aarch64}"
enter_scratch
arm=${VALIDATE_QEMU_AARCH64:-qemu-aarch64} guest=$guests/aarch64/a64lacks
[ -x "$guest" ] || skip "there is no compiler for AArch64"

for cpu in cortex-a57 max neoverse-v1 neoverse-n1; do
	if ! "$arm" -cpu help | grep -qw "$cpu"; then
		untried "$cpu" "this QEMU has no such model"
		continue
	fi
	"$arm" -cpu $cpu "$guest"
	raised=$?
	timeout -s KILL 60 "$VALIDATE" record -q --via qemu -e "$arm" --cpu $cpu -o log.json -- "$guest" >/dev/null
	for lane in log gdb; do
		timeout -s KILL 60 "$VALIDATE" -q --log log.json --emulator "$arm" --cpu $cpu --lane $lane --report report.json \
			"$guest" >text 2>stderr </dev/null
		same "$cpu by its $lane" "$(jq -c '[.verdict, .guest.exit_status, (.findings | length)]' report.json)" \
			"[\"clean\",$raised,0]"
	done
done
finish
