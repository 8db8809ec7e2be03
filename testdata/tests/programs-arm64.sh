#!/usr/bin/env bash
# Debian's busybox for arm64, and dynamic programs, recorded in QEMU and judged there (the one of VALIDATE_QEMU_AARCH64, or
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

# Floating point, cryptography, interpreters. In unicorn to their ends, in QEMU to where the loader has long been left.
# shellcheck disable=SC2016 # awk's variables, and perl's
record_program() { # NAME
	case $1 in
	lua) record lua "$arm64/usr/bin/lua5.4" -e 'for i = 1, 30 do print(math.sin(i) * i / 7, i // 3, 2 ^ (i / 9)) end' ;;
	gawk) record gawk "$arm64/usr/bin/gawk" 'BEGIN { for (i = 1; i < 60; i++) s += sin(i) * sqrt(i) / log(i + 1); print s }' ;;
	sqlite) record sqlite "$arm64/usr/bin/sqlite3" :memory: 'select 1.5 * 2.25 / 7.0, round(2.567, 1)' ;;
	bc) record bc "$arm64/usr/bin/bc" -q sum.bc ;;
	perl) record perl "$arm64/usr/bin/perl" -e 'printf "%.12g\n", sin($_) * sqrt($_) / ($_ + .5) for 1 .. 30' ;;
	python) record python "$arm64/usr/bin/python3.11" -S -E -c 'import math; print(2 ** 0.5, int(1e10 / 3), "%.5f" % math.pi)' ;;
	xz) record xz "$arm64/usr/bin/xz" -0 -c text ;;
	dgst) record dgst "$arm64/usr/bin/openssl" dgst -sha256 text ;;
	enc) record enc "$arm64/usr/bin/openssl" enc -aes-128-ctr -K "$key" -iv "$key" -in text ;;
	*) verdict 1 "$1" "is no program of this test" ;;
	esac
}

key=00112233445566778899aabbccddeeff
printf '%s\n' 'scale=20' 'sqrt(2) * 3 / 7' quit >sum.bc
limit=()
[ -n "${VALIDATE_CHECK_LONG-}" ] || limit=(--max-instructions 100000)
for program in lua gawk sqlite bc perl xz dgst enc ${VALIDATE_CHECK_LONG:+python}; do
	record_program "$program"
	judge "$program" --cpu max
	ended "$program"
	clean "$program"
	judge "$program" "${in_qemu[@]}" "${limit[@]}"
	clean "$program"
done
finish
