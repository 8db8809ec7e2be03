#!/usr/bin/env bash
# Programs that nobody here wrote, judged to their end in the embedded unicorn: Debian's busybox and dynamic ones.
#
# Dynamic programs start with glibc's loader, which saves the x87 state at each lazy binding. Unicorn 2.0 forgets a part of that
# state (the last opcode), and that a result was inexact (MXCSR), which are findings; no other is taken for granted.
. testdata/bin/cases.sh
. testdata/bin/programs.sh

make_files 12
for applet in sha256sum md5sum sort gzip gunzip awk sed grep find tar; do
	record_applet $applet
	judge $applet
	ended $applet
	clean $applet
	same "all of $applet has a model" "$(field $applet .verdict)" clean
done
# A sum of a file that another program made as well.
same "the sum is right" "$(cut -d ' ' -f 1 sha256sum.printed)" "$(sha256sum text | cut -d ' ' -f 1)"

for program in ls sort xz perl; do
	record_dynamic $program
	judge $program
	ended $program
	same "findings of $program" "$(field $program '.findings[] | select(.location != "mxcsr") | .form' | grep -vxE 'fx(save|rstor) m512byte')" ""
	same "what has no model in $program" "$(field $program '.unmodelled[].mnemonic')" ""
done
finish
