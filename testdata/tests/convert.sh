#!/usr/bin/env bash
# Conversions and roundings of AArch64, by the guest a64convert: exactly the findings that QEMU 7.2 has bugs for, and none in
# later ones.
#
# QEMUS: further emulators, separated by blanks, besides those on PATH and of VALIDATE_QEMU_AARCH64.
. testdata/bin/cases.sh
. testdata/bin/arm-qemus.sh

needs jq
guest=a64convert arguments="0 3 5 6"
findings='.findings[] | .form + ": " + (if .place == "cpsr" then .cause else .place end)'
[ -x "$BUILD/guests/aarch64/$guest" ] || skip "there is no guest $guest: no compiler for AArch64"
enter_scratch

# Arm ARM, FPToFixed() and C7.2, FCVTZS (vector, fixed-point): a half gives 16 bits, and the bits above are 0. FPToFixedJS():
# Z is 0 where a denormal was flushed.
findings_of() { # VERSION ARGUMENT
	case $1 in
	7.2.*) printf '%s' $'fcvtzs scalar fixed h: vector register\nfjcvtzs: zf' ;;
	esac
}

[ ${#arm_qemus[@]} -gt 0 ] || skip "there is no qemu-aarch64"
for qemu in "${arm_qemus[@]}"; do
	judge_arguments "$qemu"
done
finish
