#!/usr/bin/env bash
# Both instruction sets, on both kinds of target: unicorn, in process, and the installed QEMU, stepped over GDB's protocol.
#
# An AArch64 guest is recorded through QEMU, an x86-64 one on this machine's CPU. The latter's instructions are ones that
# Debian 12's QEMU 7.2 gets wrong, so its report, which comes last, has to be one of differences (exit status 1). A QEMU that
# gets them all right is said to be so, and the demo fails: it has shown nothing.
set -uo pipefail
. testdata/bin/cases.sh

: "${BUILD:?the build folder}" "${VALIDATE:?the program}"
out=build/demo
guest=$BUILD/guests/bmi
a64_guest=$BUILD/guests/aarch64/loop

say() {
	printf '\n==== %s\n' "$*"
}

run() {
	printf '\n$ %s\n' "$*"
	"$@" </dev/null
}

flag=$(lacking_for_bmi)
if [ -n "$flag" ]; then
	echo "demo: this CPU has no $flag, which the guest $guest needs to be recorded"
	exit 1
fi
mkdir -p "$out"
qemu-x86_64 --version | head -n 1

say "An AArch64 program: recorded through QEMU, then judged in unicorn and in QEMU"
run "$VALIDATE" record --via qemu -o "$out/aarch64.json" -- "$a64_guest" 100 || exit 1
run "$VALIDATE" --log "$out/aarch64.json" "$a64_guest" || exit 1
run "$VALIDATE" --log "$out/aarch64.json" --qemu "$a64_guest" || exit 1

say "An x86-64 program: recorded on this CPU, then judged in unicorn and in QEMU"
run "$VALIDATE" record -o "$out/run.json" -- "$guest" || exit 1
printf "\n$ %s\n" "$VALIDATE --log $out/run.json $guest"
"$VALIDATE" --log "$out/run.json" "$guest" </dev/null >"$out/unicorn.txt"
case $? in
0 | 1) head -n 6 "$out/unicorn.txt" ;; # it is an emulator under test, too, with bugs of its own
*) exit 1 ;;
esac
echo "... all of it is in $out/unicorn.txt"
run "$VALIDATE" --log "$out/run.json" --qemu --cpu max "$guest"
status=$?
echo
case $status in
1)
	echo "demo: validate found where this QEMU differs from the x86-64 architecture (exit status 1), as it should."
	;;
0)
	echo "demo: this QEMU gets every instruction of the guest right, so there is nothing to show."
	exit 1
	;;
*)
	echo "demo: validate failed (exit status $status)"
	exit 1
	;;
esac
