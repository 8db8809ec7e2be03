#!/usr/bin/env bash
# The same runs seen in two lanes, through QEMU's stub step by step and in its log, tell the same: of the guests here and of
# programs that nobody here wrote, in each QEMU found; and so do blocks and single instructions in the log.
# testdata/bin/lanes.jq and blocks.jq say what may differ, and why.
#
# QEMUS: further emulators, separated by blanks, besides those on PATH and of VALIDATE_QEMU_X86_64 and VALIDATE_QEMU_AARCH64.
. testdata/bin/cases.sh

needs x86_64 jq
rules=$top/testdata/bin
enter_scratch

# Enough for what guests do besides starting a C library, and few enough for the stub.
limit=5000

# ---- Guests, as the names of logs: NAME PROGRAM ARG... ----

x86_guests="
hello hello
loop loop 100
approx approx
tiny approx tiny
avxfloat avxfloat
bmi bmi check
integers packed integer 300
floats packed float 300
outside outside
yields yields
vendors vendors
destroyed destroyed
vsyscall vsyscall
divides divides
x87 x87
x87pending x87pending
mmx simd mmx
sse4a simd sse4a
gather simd gather
later simd later
stackfault stackfault
cross faulting cross
fstp faulting x87
ac faulting ac
invalid faulting invalid
into faulting loop
trap faulting trap
lost faulting lost
raise signals raise
segv signals segv
ignore signals ignore
killed signals fault
code signals code
keep handlers keep
alt handlers alt
nested handlers nested
stacked handlers stacked
rewritten rewritten
places places
lengths mappings lengths
mapped mappings code
patched mappings patched
grow mappings grow
heap mappings heap
views mappings views
"
a64_guests="
hello hello
loop loop 100
atomic a64atomic
faulting a64faulting
tagged a64tagged
yields yields
raise signals raise
segv signals segv
ignore signals ignore
killed signals fault
code signals code
keep handlers keep
alt handlers alt
nested handlers nested
stacked handlers stacked
places places
"

# What else a guest may tell otherwise, by how the rules call it.
# views: of a private view of a file it is not known whether it follows what is stored through a shared one; the stub is
# asked, the log is not.
# places: where QEMU puts the heap is another place each time, and so are its digits, which the guest parses.
# x87: the cause of one finding in 7.2 (fadd m64, FSTAT) names DE beside C1, and in the log it does not: not explained yet.
# vendors: what a block did otherwise is not yet known to be another vendor's way.
# trap: the stub steps by the trap flag and shows the guest none of its own traps; in the log they come.
declare -A besides=(
	[trap]='^'
	[views]='^(inputs that only the log|partly seen|reasons|verdict|movzx r32, m8 .*: judged in part)'
	[places]='^(j[a-z]* rel8 .*: executed|executed): '
	[x87]='^findings: '
	[vendors]='^verdict: "incomplete" by instructions, "divergent" by blocks')

emulators() { # NAME
	local qemu
	for qemu in "$1" "${2:-}" ${QEMUS:-}; do
		[[ $qemu == *"$1" ]] && command -v "$qemu"
	done | sort -u
}

# shellcheck disable=SC2317 # called by name
record_x86() { # LOG PROGRAM ARG...
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o "$1" -- "${@:2}" >/dev/null 2>stderr </dev/null || cat stderr
}

# shellcheck disable=SC2317
record_a64() { # LOG PROGRAM ARG...
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q --via qemu -e qemu-aarch64 --cpu neoverse-n1 -o "$1" -- "${@:2}" \
		>/dev/null 2>stderr </dev/null || cat stderr
}

judge() { # REPORT LOG OPTION...
	rm -f "$1.report"
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" -q --log "$2" --report "$1.report" "${@:3}" >/dev/null 2>stderr </dev/null
	status=$?
}

# A QEMU of which the stub stops once more behind the last iteration.
lingers() { # EMULATOR
	local version
	version=$("$1" --version | sed -n '1s/.*version \([0-9]*\).*/\1/p')
	[ "${version:-0}" -ge 10 ] && echo true || echo false
}

# What differs of two reports by the rules of a file, and is not to be.
differing() { # GUEST RULES JQ-OPTION...
	local said
	said=$(jq -n -r "${@:3}" -f "$rules/$2.jq" 2>&1) || said="[\"$said\"]"
	jq -r '.[]' <<<"$said" | grep -vE "${besides[$1]:-^$}"
}

compare() { # NAME EMULATOR LOG OPTION...
	local version stub_status log_status
	local -a run=("$3" --emulator "$2" --max-instructions "$limit" "${@:4}")

	version=$("$2" --version | sed -n '1s/ (.*//p')
	judge stub "${run[@]}" --lane gdb
	stub_status=$status
	judge log "${run[@]}" --lane log
	log_status=$status
	judge block "${run[@]}" --granularity block
	same "$1 in $version: the stub and the log" "$(differing "$1" lanes --argjson lingers "$(lingers "$2")" \
		--slurpfile stub stub.report --slurpfile log log.report)" ""
	same "$1 in $version: instructions and blocks" "$(differing "$1" blocks --slurpfile log log.report \
		--slurpfile block block.report)" ""
	# A finding of what the stub does not show makes it another.
	[ "$(jq .verdict stub.report)" != "$(jq .verdict log.report)" ] ||
		same "$1 in $version: exit status" "$log_status" "$stub_status"
	[ "$(jq .verdict block.report)" != "$(jq .verdict log.report)" ] ||
		same "$1 in $version: exit status by blocks" "$status" "$log_status"
}

compare_guests() { # LIST FOLDER RECORDER CPU EMULATOR...
	local name program args emulator

	while read -r name program args; do
		[ -n "$name" ] || continue
		if [ ! -x "$guests/$2$program" ]; then
			untried "$name" "there is no $2$program"
			continue
		fi
		# shellcheck disable=SC2086 # arguments
		same "$name: recorded" "$($3 "$name.json" "$guests/$2$program" $args)" ""
		for emulator in "${@:5}"; do
			compare "$name" "$emulator" "$name.json" --cpu "$4"
		done
	done <<<"$1"
}

mapfile -t qemus < <(emulators qemu-x86_64 "${VALIDATE_QEMU_X86_64:-}")
if [ ${#qemus[@]} -gt 0 ]; then
	compare_guests "$x86_guests" "" record_x86 max "${qemus[@]}"
else
	untried "x86-64 in QEMU" "there is no qemu-x86_64"
fi

mapfile -t qemus < <(emulators qemu-aarch64 "${VALIDATE_QEMU_AARCH64:-}")
if command -v qemu-aarch64 >/dev/null; then
	compare_guests "$a64_guests" aarch64/ record_a64 neoverse-n1 "${qemus[@]}"
else
	untried "AArch64 in QEMU" "there is no qemu-aarch64"
fi
finish
