#!/usr/bin/env bash
# Broken and hostile traces: verified, shown, judged, compared.
. testdata/bin/cases.sh
. testdata/bin/hostile.sh

needs x86_64
enter_scratch
schema=lib/report/diff.schema.json

env -i "$VALIDATE" record -q -o hello.json -- "$guests/hello" >/dev/null
env -i "$VALIDATE" record -q -o other.json -- "$guests/loop" 1 >/dev/null
run trace -q -o good.trace --log hello.json
same "the trace to be broken is made" $status 0
run trace -q -o small.trace --log hello.json --max-instructions 5
same "a small one is made" $status 0
run trace -q -o other.trace --log other.json --max-instructions 5
same "one of another program is made" $status 0

# ---- One trace ----

not_one='this is not a trace of validate: name one'
no_such_file trace "$not_one" trace verify
neither='no state of a CPU is there: .*to be judged is a trace of validate trace or validate import, or a log'
no_such_file "trace to be judged" "$neither" run -q --trace-in
no_such_file "trace to be summed up" "$not_one" trace stat
head=$(od -An -tu4 -j 20 -N 4 small.trace | tr -d ' ')
head -c $((16 + 48 + head)) small.trace >start.trace
cut_short "a trace's header" start.trace 3 'offset 0x.*: (name one|copy or record the trace again)' trace stat
cut_short "a trace" small.trace 3 'offset 0x' trace verify
head -c $((16 + 48 + head + 90)) small.trace >bad
for command in verify stat; do
	matches "trace $command says that the trace is cut off" "$("$VALIDATE" trace $command bad 2>&1)" 'bad: offset 0x[0-9a-f]*: '
done
run trace verify bad
same "a trace that is cut off: status" $status 2

# The bytes at an offset are others.
patched() { # OFFSET BYTES-FOR-PRINTF
	cp good.trace bad
	printf '%b' "$2" | dd of=bad bs=1 seek="$1" conv=notrunc status=none
}
for version in '\x02' '\xff' '\x00' '\xff\xff\xff\xff'; do
	patched 8 $version
	refused "a trace of another version" 'bad: offset 0x8: a trace of version [0-9]+.*: record it again' trace stat bad
	refused "a trace of another version, compared" 'bad: offset 0x8: a trace of version.*: record it again' diff good.trace bad
done
# The header's record: bytes stored, bytes when decompressed, both.
for bytes in '\xff\xff\xff\xff' '\xff\xff\xff\x7f'; do
	patched 20 $bytes
	refused "a huge record" 'bad: offset 0x10: .*: copy or record the trace again' trace stat bad
	patched 24 $bytes
	refused "a huge record when decompressed" 'bad: offset 0x10: .*: copy or record the trace again' trace stat bad
	patched 20 $bytes$bytes
	refused "a record that is huge in both" 'bad: offset 0x10: .*: copy or record the trace again' trace stat bad
done
# More than the trace: refused by all alike.
{ cat good.trace && echo more; } >bad
for command in "trace verify" "trace show" "trace stat" "run --trace-in" "run -j 2 --trace-in" "diff good.trace"; do
	# shellcheck disable=SC2086 # words
	refused "bytes behind the end, $command" 'bad: offset 0x[0-9a-f]+: 5 bytes behind the end of the trace' $command bad
done
# The footer: where the index is, the file's length.
patched $(($(wc -c <good.trace) - 32)) '\xff\xff\xff\xff\xff\xff\xff\xff'
refused "an index nowhere" 'bad: offset 0x[0-9a-f]+: the footer is damaged' trace verify bad
refused "a log for a trace" "hello.json: $neither" run -q --trace-in hello.json

refused "another program's file" 'loop: is not the program that was traced .*hello.: give that one' \
	run -q --trace-in good.trace "$guests/loop"
refused "a program that is text" '/etc/passwd: is not the program that was traced .*: give that one' \
	run -q --trace-in good.trace /etc/passwd

for n in {1..40}; do
	flip good.trace bad
	answered "trace with flipped bit $n, verified" trace verify bad
	same "a flipped bit is noticed" "$((status != 0))" 1
	answered "trace with flipped bit $n, shown" trace show bad
	answered "trace with flipped bit $n, judged" run --trace-in bad
done

# ---- Two traces ----

compare=(diff good.trace)
no_such_file "second trace" "$not_one" "${compare[@]}"
no_such_file "first trace" "$not_one" diff FILE good.trace
cut_short "a second trace's header" start.trace 11 'offset 0x.*: (name one|copy or record the trace again)' "${compare[@]}"
refused "another program" 'other.trace: is of another program .* than good.trace .*by its SHA-256.*--force compares' \
	"${compare[@]}" other.trace
answered "another program that is compared" diff --force good.trace other.trace
same "which is lost" $status 3
refused "a log and a trace" "hello.json: offset 0x0: $not_one" diff hello.json good.trace
refused "a trace and a log" "hello.json: offset 0x0: $not_one" "${compare[@]}" hello.json
refused "a window of none" '--window is from 1 to [0-9]+' diff --window 0 good.trace good.trace
refused "a window without end" '--window is from 1 to [0-9]+' diff --window 99999999999 good.trace good.trace
if command -v qemu-aarch64 >/dev/null && [ -x "$guests/aarch64/loop" ]; then
	qemu-aarch64 -d cpu,nochain,in_asm -D arm.states "$guests/aarch64/loop" 1 >/dev/null
	run import qemu-log -o arm.trace --program "$guests/aarch64/loop" arm.states
	same "a trace of another architecture is made" $status 0
	refused "another architecture" 'arm.trace: is a trace of aarch64, good.trace is one of x86_64: they have nothing to compare' \
		"${compare[@]}" arm.trace
	refused "another architecture, and --force" 'good.trace: is a trace of x86_64, arm.trace is one of aarch64' \
		diff --force arm.trace good.trace
else
	untried "another architecture" "there is no qemu-aarch64"
fi
for n in {1..40}; do
	flip good.trace bad
	answered "trace with flipped bit $n, compared" diff --report report.json good.trace bad
	[ $status = 2 ] || ((n % 10)) || conforms "the report of flipped bit $n" report.json $schema
	answered "the same, the other way round" diff -v --window 50 bad good.trace
	head -c $((RANDOM % $(wc -c <good.trace))) good.trace >bad
	answered "a trace, cut, $n, compared" diff good.trace bad
done

# ---- What a trace is of may have any name ----

name=$'a\033[31m\n\x80'
cp "$guests/loop" "$name"
env -i "$VALIDATE" record -q -o odd.json -- "./$name" 1 >/dev/null
run trace -q -o odd.trace --log odd.json --max-instructions 50
same "a trace of a program of another name is made" $status 0
for command in stat show verify; do
	answered "its name, trace $command" trace $command odd.trace
	same "its name, trace $command: status" $status 0
done
answered "its name, judged" run --trace-in odd.trace --report judged.json
conforms "its name, judged" judged.json lib/report/report.schema.json
answered "its name, compared" diff --force --report report.json odd.trace other.trace
conforms "its name, compared" report.json $schema
# The program's file is looked at for symbols: it may have become anything.
rm "$name"
mkfifo "$name"
answered "its file became a FIFO" run --trace-in odd.trace
answered "its file became a FIFO, shown" trace show odd.trace
rm "$name"
ln -s /dev/zero "$name"
answered "its file became a device" run --trace-in odd.trace
finish
