#!/usr/bin/env bash
# A stranger's log cannot make the host do anything. Logs of the guests escapes and a64escapes, made to say that the guest does
# in its replay what it did not do when it was recorded: it enters the kernel by all doors, in all kinds of places, for all
# kinds of calls. Whatever QEMU: nothing on the host changes, and each is reported.
. testdata/bin/cases.sh

needs x86_64 jq
enter_scratch

tree() {
	ls -ln --time-style=full-iso
	cat victim
}

# A folder with what the calls are about: a file, a script, a process.
prepare() {
	mkdir work && cd work || exit 1
	echo precious >victim
	printf '#!/bin/sh\ntouch escaped\n' >./trap
	chmod +x ./trap
}

# What the guest does but for the last step does not depend on the door and the call.
record() { # OPTION... -- GUEST ARG...
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o ../idle.json "$@" >../recorded 2>&1 </dev/null
	status=$?
	same "$* is recorded" "$status $(<../recorded)" "0 "
}

# The log says "act!" where the guest did nothing, and names the door and the call.
pretend() { # DOOR CALL
	sed -E "s/\"syscall\", \"mkdir\", \"idle\"/\"$1\", \"$2\", \"act!\"/; s/\"svc\", \"idle\"/\"$1\", \"act!\"/" ../idle.json >../run.json
	same "$*: the log says so" "$(grep -c '"act!"' ../run.json)" 1
}

# Replays the log, in the folder work: the host is as before, and the exit status and the message are of these.
replay() { # NAME EXPRESSION OPTION...
	local before said untouched=yes

	before=$(tree)
	said=$(timeout -s KILL "$HANG_SECONDS" "$VALIDATE" --log ../run.json -q "${@:3}" 2>&1 </dev/null)
	said="$? $said"
	[ "$before" = "$(tree)" ] || untouched="no: $(ls)"
	[[ $said != *$'\n'escaped* ]] || untouched="no: it has written"
	kill -0 "$victim" || untouched="no: a process was killed"
	same "$1: the host is untouched" "$untouched" yes
	matches "$1: reported" "$said" "$2"
	rm -rf escaped
}

# shellcheck disable=SC2034 # rows name them
{
	doors='^2 validate: at pc 0x[0-9a-f]+ the program enters a kernel by another instruction than that of a system call'
	calls='^3 validate: lost sync with the log at event [0-9]+, pc 0x[0-9a-f]+: the log has [a-z_]+\(.*\), the guest calls mkdir'
	# Where an emulator raises no signal (INTO in QEMU 10.0), that is a finding.
	faults='^(1 |[13] validate: lost sync with the log at event [0-9]+, pc 0x[0-9a-f]+: .* the guest is stopped by signal SIG)'
	aliases='^2 validate: the code at pc 0x[0-9a-f]+ can be changed by another mapping'
	# A branch that the emulator takes the wrong way is a finding as well; one that takes it right does nothing.
	wrong='^(0 |1 validate: (at pc 0x[0-9a-f]+ the program enters a kernel|lost sync with .*the guest calls mkdir))'
}

# PLACE DOOR CALL, and what comes of it.
rows=()
for door in syscall-{w,rex,66,f2,f3,lock,cs,fs,15,vex2,vex3,evex,rex2} sysenter{,-w} int80{,-w,-66,-f2,-f3,-lock,-cs,-rexes,-15}; do
	rows+=("flipped $door mkdir doors")
done
for door in int81 int3 int1 into hlt vmcall vmmcall syscall-16; do
	rows+=("flipped $door mkdir faults")
done
for place in writable unreadable crossing crossing-x middle patched itself pause pause-{f3f2,f2f3,rex,far} ss tf rep handler; do
	rows+=("$place int80 mkdir doors" "$place syscall mkdir calls")
done
for place in branch jump store; do
	rows+=("$place int80 mkdir wrong" "$place syscall mkdir wrong")
done
rows+=("alias int80 mkdir doors" "alias syscall mkdir aliases" "alias-pause syscall mkdir aliases")
rows+=("doubled int80 mkdir doors" "doubled syscall mkdir aliases")
rows+=("vsyscall int80 mkdir faults" "mode int80 mkdir faults")
for call in open openat creat mknod symlink link rename unlink truncate chmod write execve kill tkill; do
	rows+=("flipped int80 $call doors")
done

qemus=()
for qemu in "$(command -v qemu-x86_64 || true)" "${VALIDATE_QEMU_X86_64:-}" ${QEMUS:-}; do
	[ -z "$qemu" ] || qemus+=("$qemu")
done
[ ${#qemus[@]} -gt 0 ] || untried "escapes from QEMU" "there is no qemu-x86_64"

sleep 1000000 &
victim=$!
disown
trap 'kill -KILL $victim; rm -rf "$scratch"' EXIT
prepare
cp "$guests/escapes" ../guest
recorded=
for row in "${rows[@]}"; do
	[ ${#qemus[@]} -gt 0 ] || break
	read -r place door call expected <<<"$row"
	[ "$place" = "$recorded" ] || record -- ../guest "$place" syscall mkdir idle $victim
	recorded=$place
	pretend "$door" "$call"
	for qemu in "${qemus[@]}"; do
		replay "$place $door $call, $qemu" "${!expected}" --emulator "$qemu" --cpu max ../guest
	done
done

# ---- The emulator's own memory, which is in the guest's reach ----

# Where QEMU has its data, as a guest's address in decimal: validate starts it without address randomisation, and with -B.
find_own() { # QEMU
	local base=0x100000000 pid start=

	rm -f ../socket
	setarch -R "$1" -B $base -g ../socket ../guest >/dev/null 2>&1 &
	pid=$!
	for _ in {1..200}; do
		[ ! -S ../socket ] || break
		sleep 0.1
	done
	start=$(awk '$2 == "rw-p" && $6 ~ /qemu/ { sub(/-.*/, "", $1); print $1; exit }' /proc/$pid/maps)
	disown $pid
	kill -KILL $pid
	own=$((16#${start:-0} - base))
}

owns='^2 validate: at pc 0x[0-9a-f]+ the program accesses [0-9]+ bytes at 0x[0-9a-f]+, where it has nothing and the emulator has'
unmade='^2 validate: event [0-9]+, [A-Z]+: a call is about 0x1000 bytes at 0x[0-9a-f]+, where the emulator has memory of its own'
for qemu in "${qemus[@]}"; do
	have "the emulator's own memory" setarch || break
	find_own "$qemu"
	for place in access unmap map-over unprotect; do
		record -- ../guest $place syscall mkdir idle $own
		for door in load store fill state x87 vector; do
			[ $place = access ] || [ $door = load ] || continue
			expected=$unmade
			[ $place != access ] || expected=$owns
			pretend $door mkdir
			replay "$place $door, $qemu's own memory" "$expected" --emulator "$qemu" --cpu max ../guest
		done
	done
done

# ---- A log of an unmodified program, whose embedded pages of a library are others ----

# Behind prlimit64 of the C library: mkdir("escaped"), and exit_group(0).
spoil() {
	python3 - "$1" "$2" <<'END'
import base64, json, sys

text = open(sys.argv[1]).read()
log = json.loads(text)
call = [e for e in log["events"] if e.get("name") == "prlimit64"][-1]
pc = int(call["pc"], 16) + 2
for e in log["events"]:
    data = e.get("backing", {}).get("data")
    start = int(e["result"], 16) if data else 0
    if not data or not int(e["args"][2], 16) & 4 or not 0 <= pc - start < len(data) * 3 // 4:
        continue
    page = bytearray(base64.b64decode(data))
    code = bytes.fromhex("bb00000000" "488d1d18000000" "4889df" "b9ed010000" "b853000000" "cd80" "31ff" "b8e7000000" "0f05") + b"escaped\0"
    page[pc - start:pc - start + len(code)] = code
    open(sys.argv[2], "w").write(text.replace(data, base64.b64encode(page).decode()))
    sys.exit(0)
sys.exit("no library is mapped around prlimit64")
END
}

true=$(command -v /usr/bin/true || command -v /bin/true)
if have "a library's pages in the log" python3; then
	record --embed-files -- "$true"
	rm -f ../run.json
	said=$(spoil ../idle.json ../run.json 2>&1)
	if [ -s ../run.json ] && [ -z "$said" ]; then
		for qemu in "${qemus[@]}"; do
			replay "a library's pages in the log, $qemu" "$doors" --emulator "$qemu" --cpu qemu64 "$true"
		done
	else
		untried "a library's pages in the log" "$said"
	fi
fi

# ---- AArch64 ----

qemus=()
for qemu in "$(command -v qemu-aarch64 || true)" "${VALIDATE_QEMU_AARCH64:-}"; do
	[ -z "$qemu" ] || qemus+=("$qemu")
done
guest=$guests/aarch64/a64escapes
calls=${calls%mkdir}mkdirat
rows=("svc calls" "svc-1 calls" "svc-ffff calls" "hlt-open doors" "hlt-system doors")
for door in hlt-0 hvc smc brk dcps1 undefined; do
	rows+=("$door faults")
done
if [ ${#qemus[@]} -gt 0 ] && [ -x "$guest" ]; then
	for row in "${rows[@]}"; do
		read -r door expected <<<"$row"
		[ "$recorded" = "$guest" ] || record --via qemu -- "$guest" svc idle
		recorded=$guest
		pretend "$door" ""
		for qemu in "${qemus[@]}"; do
			replay "$door, $qemu" "${!expected}" --emulator "$qemu" "$guest"
		done
	done
else
	untried "escapes from QEMU's AArch64" "there is no qemu-aarch64, or no compiler for its guest"
fi
cd ..
finish
