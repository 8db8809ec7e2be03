#!/usr/bin/env bash
# What a program sees of its mappings (testdata/guests/mappings.c): recorded on this CPU, replayed in each target; what the
# guest prints is what it printed natively, nothing is found, and the memory audit finds all alike.
. testdata/bin/cases.sh

needs x86_64 jq
enter_scratch
guest=$guests/mappings

record() { # MODE ARG...
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o run.json -- "$guest" "$@" >recorded 2>stderr </dev/null
	status=$?
}

judge() { # OPTION...
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" --log run.json -q --show-output --memory-audit 20000 --report report.json "$@" \
		>printed 2>stderr </dev/null
	status=$?
	said=$(jq -r '[.verdict, .memory_audit.differing_bytes, .error] | @json' report.json)
}

# The targets that there are.
targets=("")
for qemu in "$(command -v qemu-x86_64 || true)" "${VALIDATE_QEMU_X86_64:-}" ${QEMUS:-}; do
	[ -z "$qemu" ] || targets+=("--emulator $qemu --cpu qemu64")
done
[ ${#targets[@]} -gt 1 ] || untried "mappings in QEMU" "there is no qemu-x86_64"

# As recorded, in each target.
replayed() { # TARGETS MODE ARG...
	local target last=${#targets[@]}

	[ "$1" = all ] || last=1
	shift
	for target in "${targets[@]:0:$last}"; do
		# What a private view shows of a file that is written by another is not known where the guest runs freely.
		[[ -z $target || ! $1 =~ ^(views|moved|end)$ ]] || target+=" --lane gdb"
		# shellcheck disable=SC2086 # options
		judge $target
		same "$*: ${target:-in unicorn}" "$status $said $(<printed)" "0 [\"clean\",0,null] $(<recorded)"
	done
	[ -f report.json ] && conforms "$*" report.json lib/report/report.schema.json
}

# As natively, in each target.
alike() { # TARGETS MODE ARG...
	"$guest" "${@:2}" >native
	record "${@:2}"
	same "${*:2}: recorded" "$status $(<recorded)" "0 $(<native)"
	replayed "$@"
}

for mode in lengths views moved grow end heap places code device image; do
	alike all $mode
done

# Where it maps is another place each time.
record aligned
same "aligned: recorded" "$status" 0
replayed all aligned

# QEMU's user mode goes on with code that it has translated (seen in 11.1).
alike unicorn patched

# Of Linux 5.13: mremap with MREMAP_DONTUNMAP of what is not private and anonymous.
alike all keep
# Each reads and writes a few hundred pages.
if [ "${VALIDATE_CHECK_LONG:-}" = 1 ]; then
	alike all advice
	alike all random 1
else
	alike unicorn advice
fi
for seed in 2 3 4 5 6; do
	alike unicorn random $seed
done

# What kernels may do or not is refused, and the program makes do with it.
record guard
same "guard regions" "$status $(<recorded)" "0 refused 0x1"

record self
matches "a store by a file" "$status $(<stderr)" '^2 .*writes to its own memory by /proc/self/mem'
record spread
matches "a protection that grows" "$status $(<stderr)" '^2 .*cannot be recorded: mprotect with PROT_GROWSDOWN'

# A file that is written through a mapping is not any more what it was: the log has its contents.
record end
same "contents in the log" "$(grep -c '"backing": {.*"data": "aGVsbG8sIGZpbGU="' run.json)" 2
same "numbers" "$(jq -c '[.events[].backing.id // empty] | unique' run.json)" "[1]"
same "changes" "$(jq -c '[.events[] | select(.files) | [.name, .files[0].size]][0]' run.json)" '["ftruncate","0x1064"]'

# Without the number of the file nobody knows which mappings are alike.
sed 's/"id": 1, "offset"/"offset"/; /"files"/s/"files": \[[^]]*\], //' run.json >old.json
output=$("$VALIDATE" --log old.json -q 2>&1)
matches "an older log" "$? $output" "^2 .*which shared mappings show the same file.*record it again"

# Calls by the page of vsyscalls have no instruction: they are seen by a seccomp filter. In the log they are calls.
if grep -q '\[vsyscall\]' /proc/self/maps; then
	guest=$guests/vsyscall
	alike all
	same "calls by the page" "$(jq -r '[.events[] | select(.pc | startswith("0xffffffffff6")) | .name] | @json' run.json)" \
		'["time","time","gettimeofday","getcpu","SIGSEGV","SIGSEGV","SIGSEGV"]'
	sed 's/201, "name": "time", "pc": "0xffffffffff600400"/110, "name": "getppid", "pc": "0x1"/' run.json >unseen.json
	output=$("$VALIDATE" --log unseen.json -q --report report.json 2>&1)
	matches "a log without them" "$? $(jq -r .lost_sync.observed report.json)" '^3 by the page of vsyscalls, time\('
	guest=$guests/mappings
else
	untried "calls by the page of vsyscalls" "this kernel has none"
fi
finish
