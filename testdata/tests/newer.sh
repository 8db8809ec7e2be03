#!/usr/bin/env bash
# Instructions of newer CPUs, judged in each QEMU found whose -cpu max has them, in both lanes: of a64newer, a64crypto, and a64mops,
# which copies and sets memory by as much in a step as the emulator likes; and what a64open has, which may be refused.
#
# QEMUS: further emulators, separated by blanks, besides those on PATH and of VALIDATE_QEMU_AARCH64.
. testdata/bin/cases.sh
. testdata/bin/arm-qemus.sh

needs jq qemu-aarch64
[ -x "$BUILD/guests/aarch64/a64newer" ] || skip "there are no guests for AArch64"
enter_scratch

judged=0
for qemu in "${arm_qemus[@]}"; do
	for guest in a64newer "a64crypto 20" "a64mops 100" "a64mops"; do
		read -r -a argv <<<"$guests/aarch64/$guest"
		output=$("$qemu" -cpu max "${argv[@]}" 2>/dev/null) || continue
		timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q --via qemu -e "$qemu" --cpu max -o run.json -- "${argv[@]}" >printed 2>stderr
		same "$guest recorded in $qemu" "$(<printed)" "$output"
		for lane in log gdb; do
			timeout -s KILL "$HANG_SECONDS" "$VALIDATE" --log run.json -q --emulator "$qemu" --cpu max --lane $lane \
				--report report.json "${argv[0]}" >/dev/null 2>stderr
			same "$guest in $qemu, $lane" "$(jq -c '[.verdict, .checked == .instructions, .guest.exit_status]' report.json)" \
				'["clean",true,0]'
			judged=$((judged + 1))
		done
	done
	# What only some CPUs do, and others refuse, is right either way.
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q --via qemu -e "$qemu" --cpu max -o run.json -- "$guests/aarch64/a64open" >/dev/null 2>stderr
	for lane in log gdb; do
		timeout -s KILL "$HANG_SECONDS" "$VALIDATE" --log run.json -q --emulator "$qemu" --cpu max --lane $lane \
			--report report.json "$guests/aarch64/a64open" >/dev/null 2>stderr
		same "a64open in $qemu, $lane" "$(jq -c '[.findings == [], .error, .guest.exit_status]' report.json)" '[true,null,0]'
	done
done
((judged)) || skip "no qemu-aarch64 here has the instructions"
finish
