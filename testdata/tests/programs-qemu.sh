#!/usr/bin/env bash
# Programs that nobody here wrote, judged in QEMU: the one of VALIDATE_QEMU_X86_64, or qemu-x86_64.
#
# A run of 50,000 instructions takes QEMU 7.2 eight seconds. What takes more than that is in programs-long.sh, which runs it to its end;
# of the dynamic programs the start is judged here.
. testdata/bin/cases.sh
. testdata/bin/programs.sh

qemu=${VALIDATE_QEMU_X86_64:-qemu-x86_64}
needs "$qemu"

# qemu64 has no AVX, whose upper halves the stub would not show.
make_files 1
for applet in sha256sum md5sum sort sed grep find tar; do
	record_applet $applet
	judge $applet --emulator "$qemu" --cpu qemu64
	ended $applet
	clean $applet
done

for program in ls xz perl; do
	record_dynamic $program
	judge $program --emulator "$qemu" --cpu qemu64 --max-instructions 12000
	clean $program
	same "judged of $program" "$(field $program '[.instructions, .limited] | @json')" '[12000,true]'
done
finish
