#!/usr/bin/env bash
# Estimates of AArch64, BFloat16 and changes of sign, by the guest a64estimate: exactly the findings that QEMU has bugs for.
#
# QEMUS: further emulators, separated by blanks, besides those on PATH and of VALIDATE_QEMU_AARCH64.
. testdata/bin/cases.sh
. testdata/bin/arm-qemus.sh

needs jq
guest=a64estimate arguments="0 2 5 7"
findings='[.findings[] | .form + ": " + .place] | unique[]'
[ -x "$BUILD/guests/aarch64/$guest" ] || skip "there is no guest $guest: no compiler for AArch64"
enter_scratch

# Arm ARM, FPAbs() and FPNeg(): with FPCR.AH a NaN keeps its sign, in vectors as in scalars.
findings_of() { # VERSION ARGUMENT
	case "$1 $2" in
	1[01].*' '[2367])
		printf '%s: vector register\n' {fabs,fneg}' vector '{2d,2s,4s,'h 128','h 64'}
		;;
	esac
}

[ ${#arm_qemus[@]} -gt 0 ] || skip "there is no qemu-aarch64"
for qemu in "${arm_qemus[@]}"; do
	judge_arguments "$qemu"
done
finish
