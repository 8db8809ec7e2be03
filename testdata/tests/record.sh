#!/usr/bin/env bash
# validate record, as people use it.
. testdata/bin/cases.sh

needs x86_64
enter_scratch
guest=$guests/recorded
seq 1000 >file

record() {
	output=$("$VALIDATE" record "$@" 2>stderr)
	status=$?
	said=$(<stderr)
}

# Names of the events, as the log's own text has them.
names() { # LOG
	sed -n 's/^{"index": .*"kind": "[a-z]*", "number": [0-9]*, "name": "\([^"]*\)".*/\1/p' "$1" | tr '\n' ' '
}

record -- "$guest" handler
same "the program's output" "$output" $'0xa\ndone'
same "status of a recorded run" $status 0
matches "what is said of it" "$said" '^validate: run.json: 8 events, [0-9]+ bytes; the program ended with status 0$'
same "events" "$(names run.json)" "rt_sigaction getpid kill SIGUSR1 write rt_sigreturn write exit_group "
same "no .part is left" "$(ls)" $'file\nrun.json\nstderr'

record -q -o other.json "$guest" reads file
same "status of a program that fails" $status 0
same "nothing is said" "$said" ""
same "events of reads" "$(names other.json)" "open read pread64 readv read write exit_group "
if command -v python3 >/dev/null; then
	same "any JSON parser reads the log" "$(python3 -c '
import base64, json
log = json.load(open("other.json"))
print(log["format"], log["version"], len(log["events"]), log["argv"][1:])
print(base64.b64decode(log["events"][1]["writes"][0]["data"]))' 2>&1)" \
		$'validate-log 1 7 [\'reads\', \'file\']\nb\'1\\n2\\n3\\n4\\n5\\n\''
else
	untried "any JSON parser reads the log" "there is no python3"
fi

record -o killed.json -- "$guest" fault
same "status of a program that is killed" $status 0
matches "its signal" "$said" 'killed by signal 11 '

record -o fork.json -- "$guest" fork
same "status of a program that forks" $status 2
same "it did not get to fork" "$output" before
matches "what is said of that" "$said" '^validate: record: the program calls fork .*1 events up to there are in fork.json.part\)$'
same "the log is not complete" "$(ls fork.json*)" fork.json.part

# Ways into the kernel that a replay refuses, where the recorder sees them: it ends before they are taken.
qemu=(--via qemu --cpu max)
for door in int80{,-w,-f3} syscall-{w,66,15} sysenter; do
	command -v qemu-x86_64 >/dev/null || break
	record "${qemu[@]}" -o door.json -- "$guests/escapes" flipped "$door" mkdir 'act!' 1
	same "status of $door" "$status $(ls escaped 2>&1)" "2 ls: cannot access 'escaped': No such file or directory"
	matches "what is said of $door" "$said" \
		'^validate: record: the program enters a kernel at PC 0x[0-9a-f]+ by another instruction than that of a system call'
done
command -v qemu-x86_64 >/dev/null || untried "other ways into the kernel than system calls" "there is no qemu-x86_64"
a64=$guests/aarch64/a64escapes
if [ -x "$a64" ] && command -v qemu-aarch64 >/dev/null; then
	record --via qemu -o door.json -- "$a64" svc-ffff 'act!'
	same "SVC with an immediate" "$status $(names door.json)" "0 mmap mprotect mkdirat exit_group "
	rm -r escaped
	record --via qemu -o door.json -- "$a64" hlt-system 'act!'
	same "status of HLT #0xF000" "$status $(ls escaped 2>&1)" "2 ls: cannot access 'escaped': No such file or directory"
	matches "what is said of HLT #0xF000" "$said" '^validate: record: the program enters a kernel at PC 0x[0-9a-f]+ by another'
else
	untried "SVC with an immediate, HLT #0xF000" "there is no qemu-aarch64, or no guest"
fi
rm -f door.json*

# What no kernel knows, and this one says so: the log has it, and whoever records is told.
record -o unknown.json -- "$guest" unknown <file
same "calls that no kernel knows" "$status $output" "0 0x26 0x19 0x19 0x9 0x16 0x16 as it is"
matches "what is said of them" "$said" 'unknown.json: calls that are not known here, which the kernel refused and the log has so: 6$'
same "events of them" "$(names unknown.json)" "unknown ioctl ioctl ioctl prctl fcntl write exit_group "
record -o taken.json -- "$guest" taken
same "status of a program with a call that the kernel alone knows" "$status $output" "2 before"
matches "what is said of that" "$said" 'the kernel knows ioctl\(3, 0x2\) = 0, but what it does is not known here \(2 events'

# The recorder's own filter of calls does not show, and what the program asks for does; without the right to filter, too.
for as in "" "setpriv --reuid=65534 --clear-groups"; do
	if ! want=$($as "$guest" watched 2>/dev/null); then
		untried "recording ${as:-as it is}" "this user may not do it"
		continue
	fi
	same "a program that is watched, ${as:-as it is}" \
		"$($as "$VALIDATE" record -q -o /dev/null -- "$guest" watched 2>&1)" "$want"
	matches "what it sees" "$want" '^0x[02] 0x[01] 0xffffffffffffffea 0x0 0x1 $'
done

record -o /dev/null -- "$guest" reads file
same "a log in /dev/null" "$status $(stat -c %F /dev/null)" "0 character special file"
record -o nowhere/run.json -- "$guest" reads file
same "a log nowhere" "$status $said" \
	"2 validate: record: create the event log nowhere/run.json.part: No such file or directory"
record
same "no program" $status 2
matches "no program" "$said" "record: no program given"
record nosuchprogram
same "a program that is not there" "$status $said" \
	"2 validate: record: find the program in PATH: nosuchprogram: No such file or directory"

# Interrupted: the program goes too, what was recorded stays. A job of a script ignores SIGINT, so SIGTERM stands for it.
mkfifo pipe
"$VALIDATE" record -o long.json -- cat pipe 2>stderr &
recorder=$!
exec 3>pipe # opens once the program has opened it
for _ in {1..600}; do # until it waits in read()
	[[ $(cat "/proc/$(pgrep -P $recorder)/syscall" 2>/dev/null) != "0 "* ]] || break
	sleep 0.1
done
kill -TERM $recorder
wait $recorder
same "status after an interrupt" $? 130
matches "what is said of it" "$(<stderr)" 'interrupted \([0-9]+ events up to there are in long.json.part\)'
matches "the last event before it" "$(names long.json.part)" 'openat .*$'
exec 3>&-

finish
