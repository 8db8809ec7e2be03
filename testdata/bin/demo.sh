#!/usr/bin/env bash
# Records a guest on this machine's CPU, validates the installed QEMU against the record, and ends with the report.
#
# The guest's instructions are ones that Debian 12's QEMU 7.2 gets wrong, so a report of differences (exit status 1) is what
# has to come out. A QEMU that gets them all right is said to be so, and the demo fails: it has shown nothing.
set -uo pipefail

: "${BUILD:?the build folder}" "${VALIDATE:?the program}"
out=build/demo
guest=$BUILD/guests/bmi

run() {
	printf '\n$ %s\n' "$*"
	"$@" </dev/null
}

for flag in bmi1 adx sse4_2; do
	if ! grep -qw "$flag" /proc/cpuinfo; then
		echo "demo: this CPU has no $flag, which the guest $guest needs to be recorded"
		exit 1
	fi
done
mkdir -p "$out"
qemu-x86_64 --version | head -n 1
run "$VALIDATE" record -o "$out/run.json" -- "$guest" || exit 1
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
