#!/usr/bin/env bash
# Debian's busybox for arm64, and a dynamic program, recorded in QEMU and judged there (the one of VALIDATE_QEMU_AARCH64, or
# qemu-aarch64) and in unicorn. VALIDATE_CHECK_LONG=1 judges all of them in QEMU, to their ends.
. testdata/bin/cases.sh
arm64=$(realpath -m "${BUILD:?the build folder}/../arm64")
if [ ! -f "$arm64/.packages" ]; then
	skip "there are no programs for arm64 in build/arm64: make check gets them, where apt has an archive that has them"
fi
RUN_SECONDS=${VALIDATE_CHECK_LONG:+900}
: "${RUN_SECONDS:=120}"
. testdata/bin/programs.sh

needs "${VALIDATE_QEMU_AARCH64:-qemu-aarch64}"
qemu=$(command -v "${VALIDATE_QEMU_AARCH64:-qemu-aarch64}")
busybox=$arm64/bin/busybox
# It has the atomic instructions, and no SVE, of which there is no model.
via=(--via qemu --emulator "$qemu" --cpu neoverse-n1)
in_qemu=(--qemu --emulator "$qemu" --cpu neoverse-n1)

make_files 1
for applet in sha256sum md5sum sort gzip gunzip awk sed grep find tar; do
	record_applet $applet
	judge $applet --cpu max
	ended $applet
	clean $applet
	same "all of $applet has a model" "$(field $applet .verdict)" clean
	if [[ $applet =~ ^(md5sum|find)$ ]] || [ -n "${VALIDATE_CHECK_LONG-}" ]; then
		judge $applet "${in_qemu[@]}"
		ended $applet
		clean $applet
	fi
done
same "the sum is right" "$(cut -d ' ' -f 1 sha256sum.printed)" "$(sha256sum text | cut -d ' ' -f 1)"

# Without the atomic instructions, locks are sequences of load-exclusive and store-exclusive.
limit=(--max-instructions 12000)
judge sha256sum "${in_qemu[@]/neoverse-n1/cortex-a57}" "${limit[@]}" --lane gdb
clean sha256sum
verdict "$(($(field sha256sum .grouped) > 20 ? 0 : 1))" "exclusive sequences" "only $(field sha256sum .grouped) instructions"

# Found by their loader in the sysroot, as the program is.
via+=(--sysroot "$arm64")
in_qemu+=(--sysroot "$arm64")
record ls "$arm64/bin/ls" -l tree
if [ -n "${VALIDATE_CHECK_LONG-}" ]; then
	judge ls "${in_qemu[@]}"
	ended ls
else
	judge ls "${in_qemu[@]}" "${limit[@]}"
	same "judged of ls" "$(field ls '[.instructions, .limited] | @json')" '[12000,true]'
fi
clean ls
finish
