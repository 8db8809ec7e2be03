#!/usr/bin/env bash
# As programs-qemu.sh, what takes minutes: applets of more than 50,000 instructions, and dynamic programs to their end.
. testdata/bin/cases.sh
if [ -z "${VALIDATE_CHECK_LONG-}" ]; then
	skip "gzip, gunzip, awk, and ls, sort, xz, perl to their end in QEMU take minutes: make check VALIDATE_CHECK_LONG=1"
fi
RUN_SECONDS=900
. testdata/bin/programs.sh

qemu=${VALIDATE_QEMU_X86_64:-qemu-x86_64}
needs "$qemu"

make_files 1
for applet in gzip gunzip awk; do
	record_applet $applet
	judge $applet --emulator "$qemu" --cpu qemu64
	ended $applet
	clean $applet
done

# QEMU 7.2 is unicorn's parent in what it forgets at FXSAVE (programs.sh).
for program in ls sort xz perl; do
	record_dynamic $program
	judge $program --emulator "$qemu" --cpu qemu64
	ended $program
	same "findings of $program" "$(field $program '.findings[].form' | grep -vxE 'fx(save|rstor) m512byte')" ""
	same "what has no model in $program" "$(field $program '.unmodelled[].mnemonic')" ""
done
finish
