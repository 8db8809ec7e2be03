#!/usr/bin/env bash
# Broken and hostile event logs, logs of QEMU and vectors. Their siblings have traces and documents of JSON.
. testdata/bin/cases.sh
. testdata/bin/hostile.sh

needs x86_64
sample=$(realpath testdata/vectors/a64-sample.vec.xz)
enter_scratch

# ---- Event logs ----

env -i "$VALIDATE" record -q -o good.json -- "$guests/hello" >/dev/null
same "the log to be broken is recorded" $? 0
answered "it is a good one" run -q --log good.json
same "and clean" $status 0

no_such_file "event log" 'cut off in its header, before any event: record the run again' run -q --log
cut_short "a log" good.json 37 'cut off.*: record the run again' run -q --log

log_refused() { # NAME SED EXPRESSION
	spoilt "$1" good.json "$2" "$3" run -q --log
}
again=': record the run again'
log_refused "another version" 's/"version": 1/"version": 2/' "bad: version: version 2 .*$again"
log_refused "a version below 0" 's/"version": 1/"version": -1/' "bad: version: expected a number.*$again"
log_refused "another format" '1s/validate-log/validate-report/' "bad:1: not an event log.*$again"
log_refused "an unknown architecture" 's/"arch": "x86_64"/"arch": "vax"/' 'the log is of an vax one: give the one that was recorded'
log_refused "another architecture" 's/"arch": "x86_64"/"arch": "aarch64"/' 'is an x86_64 program, the log is of an aarch64 one'
log_refused "another program's hash" 's/"sha256": "[0-9a-f]{4}/"sha256": "beef/' 'is not the program that the log was recorded from .*record it again'
log_refused "a hash that is none" 's/"sha256": "[0-9a-f]{4}/"sha256": "0xbe/' "bad: program.sha256: expected.*$again"
log_refused "a program that is gone" 's/"path": "[^"]*"/"path": "\/no\/such\/program"/' '/no/such/program: No such file'
log_refused "a program that is a device" 's/"path": "[^"]*"/"path": "\/dev\/zero"/' '/dev/zero: is not a regular file'
log_refused "a program that is text" 's/"path": "[^"]*"/"path": "\/etc\/passwd"/' '/etc/passwd: is not an ELF file'
log_refused "invalid base64" 's/("stack": "....)./\1*/' "bad: stack: not base64.*$again"
log_refused "base64 with padding in it" 's/("stack": "....)./\1=/' "bad: stack: not base64.*$again"
log_refused "a negative size" 's/("size": )/\1-/' "bad: program.size: expected a number.*$again"
log_refused "a huge size" 's/("size": )/\1999999999999999999999/' "bad:.*not JSON: too big.*$again"
log_refused "an index ahead" 's/"index": 1,/"index": 18446744073709551615,/' "bad:.*$again"
log_refused "a negative index" 's/"index": 1,/"index": -1,/' "bad:[0-9]+: index: expected a number.*$again"
log_refused "events out of order" 's/"index": 1,/"index": 7,/' "event 7 stands where event 1 is expected.*$again"
log_refused "nesting in an event" 's/("args": )\[/\1[[[[[[[[[[[[[[[[[[[[[[[[/' "bad:.*$again"
log_refused "deep nesting in an event" "s/(\"args\": )\[/\1$(head -c 5000 /dev/zero | tr '\0' '[')/" "bad:.*depth.*$again"
log_refused "a control character" 's/"arch": "x86_64"/"arch": "\\u001b[31m"/' 'the log is of an [^[:cntrl:]a-z?]+\[31m one'
log_refused "no stack" 's/("stack": ")[^"]*/\1/' 'stack'
log_refused "a stack nowhere" 's/("stack_pointer": "0x)[^"]*/\1ffffffffffffff00/' 'stack'
log_refused "a place that is none" 's/("entry": ")[^"]*/\1here/' "bad: entry: expected a string of \"0x\".*$again"

# Numbers in the place of others, and flipped bits: mostly still a log, but one that lies.
numbers=$(grep -o '"0x[0-9a-f]*"' good.json | wc -l)
lies=(0 1 1000 7ffffffff000 800000000000 7fffffffffffffff fffffffffffff000 ffffffffffffffff)
for _ in {1..60}; do
	n=$((RANDOM % numbers)) lie=${lies[RANDOM % ${#lies[@]}]}
	awk -v n=$n -v lie="$lie" -v RS='"0x[0-9a-f]*"' '{ printf "%s%s", $0, NR == n + 1 ? "\"0x" lie "\"" : RT }' \
		good.json >bad
	answered "number $n is 0x$lie" run -q --log bad
done
for n in {1..60}; do
	flip good.json bad
	answered "log with flipped bit $n" run --no-progress --log bad
done

# ---- QEMU's logs ----

import=(import qemu-log -o some.trace)
if command -v qemu-x86_64 >/dev/null; then
	no_such_file "QEMU's log" 'no state of a CPU is there: QEMU writes them' "${import[@]}"
	qemu-x86_64 -d cpu,fpu,nochain,in_asm -D good.states "$guests/hello" >/dev/null
	for n in {1..40}; do
		flip good.states bad
		answered "QEMU's log with flipped bit $n" "${import[@]}" bad
		head -c $((RANDOM % $(wc -c <good.states))) good.states >bad
		answered "QEMU's log, cut, $n" "${import[@]}" bad
	done
	same "a trace that came to be is a whole one" "$("$VALIDATE" trace verify some.trace >/dev/null && echo whole)" whole

	# The first two states, cut: where all lines of a state are whole, nobody can tell.
	awk '/^R?AX=|^RAX/ && ++n == 3 { exit } { print }' good.states >two.states
	wrong=
	for ((len = 0; len < $(wc -c <two.states); len += 19)); do
		head -c $len two.states >bad
		run "${import[@]}" bad
		[ $status = 0 ] || [[ $status = 2 && $said =~ ^validate:\ bad:[^[:cntrl:]]*$ ]] || wrong+=" $len"
	done
	same "QEMU's log, cut anywhere" "$wrong" ""
	states_refused() { # NAME SED EXPRESSION
		spoilt "$1" two.states "$2" "$3" "${import[@]}"
	}
	states_refused "a state without a register" '/^RAX=/s/RBX=/XBX=/' 'bad:[0-9]+: this state lacks registers.*only one process'
	states_refused "a register of more bits" '/^RAX=/s/RBX=/RBX=f/' 'bad:[0-9]+: this state lacks registers'
	states_refused "a negative register" '/^RAX=/s/RBX=0/RBX=-/' 'bad:[0-9]+: this state lacks registers'
	states_refused "a listing out of order" 's/^0x([0-9a-f]+)(:  )/0x1\1\2/;0~2s/^0x1/0x/' 'bad:[0-9]+: the lines of this listing are not in a row: '
	sed -E 's/^RAX=/X0=/' two.states >bad
	answered "registers of two architectures" "${import[@]}" bad
	head -c 3000000 /dev/zero | tr '\0' R | cat two.states - >bad
	answered "a line without end" "${import[@]}" bad
	if command -v qemu-aarch64 >/dev/null && [ -x "$guests/aarch64/loop" ]; then
		refused "a program of another architecture" 'is no x86_64 program, which the log is of' \
			"${import[@]}" --program "$guests/aarch64/loop" two.states
		qemu-aarch64 -d cpu,nochain,in_asm -D arm.states "$guests/aarch64/loop" 1 >/dev/null
		cat two.states arm.states >bad
		answered "a log of two architectures" "${import[@]}" bad
	else
		untried "a log of two architectures" "there is no qemu-aarch64"
	fi
	refused "a program that is text" '/etc/passwd: is not an ELF file' "${import[@]}" --program /etc/passwd two.states
else
	untried "QEMU's logs" "there is no qemu-x86_64"
fi

# ---- Vectors ----

vectors=(selftest --arch aarch64 --vectors)
no_such_file vectors 'offset 0x0: ' "${vectors[@]}"
if command -v xz >/dev/null; then
	{ printf 'A64VEC1\0\20\0\0\0' && xz -dc "$sample" | tail -c +13; } | head -c $((0x1cc)) >good.vectors
	cut_short "a file of vectors" good.vectors 1 'offset 0x[0-9a-f]+: the file ends within' "${vectors[@]}"
	xz -c good.vectors >good.xz
	cut_short "compressed vectors" good.xz 1 'offset 0x[0-9a-f]+: ' "${vectors[@]}"
	for n in {1..30}; do
		flip good.vectors bad
		answered "vectors with flipped bit $n" "${vectors[@]}" bad
	done
	flip good.xz bad
	refused "a flipped bit in compressed vectors" 'bad: offset 0x[0-9a-f]+: ' "${vectors[@]}" bad
else
	untried vectors "there is no xz"
fi
finish
