#!/usr/bin/env bash
# Broken and hostile files of every kind: each is refused with status 2 and one line that names the file, the place and the
# remedy; nothing crashes, hangs, or takes memory without end.
. testdata/bin/cases.sh

needs x86_64
sample=$(realpath testdata/vectors/a64-sample.vec.xz)
enter_scratch
RANDOM=4711

# Of address space: unicorn alone maps 1 GiB. The address sanitizer maps terabytes.
memory_kib=$((3 << 20))
[[ $BUILD == */asan* ]] && memory_kib=unlimited

run() { # COMMAND...
	said=$(
		ulimit -v $memory_kib
		timeout -s KILL 30 "$VALIDATE" "$@" 2>&1 >/dev/null </dev/null
	)
	status=$?
}

# Refused in one line that matches.
refused() { # NAME EXPRESSION COMMAND...
	run "${@:3}"
	same "$1: status" $status 2
	matches "$1" "$said" "^validate: [^[:cntrl:]]*$2[^[:cntrl:]]*$"
}

# Whatever comes out is an answer: a status of the man page's, and printable text.
answered() { # NAME COMMAND...
	run "${@:2}"
	if ((status > 5)) || [[ ${said//$'\n'/} =~ [^[:print:]] ]] || [ ${#said} -gt 2000 ]; then
		verdict 1 "$1" "status $status, said \"$said\""
		return
	fi
	verdict 0 "$1" ""
}

# The file bad with one bit of good changed.
flip() { # GOOD BAD
	local at=$(((RANDOM << 15 | RANDOM) % $(wc -c <"$1"))) byte

	byte=$(od -An -tu1 -j $at -N 1 "$1")
	cp "$1" "$2"
	printf '%b' "$(printf '\\x%02x' $((byte ^ 1 << RANDOM % 8)))" | dd of="$2" bs=1 seek=$at conv=notrunc status=none
}

# Cut at every STEPth byte.
cut_short() { # NAME GOOD STEP EXPRESSION COMMAND...
	local len bad=0

	for ((len = 0; len < $(wc -c <"$2") - 1; len += $3)); do
		head -c $len "$2" >"cut-$2"
		run "${@:5}" "cut-$2"
		if [ $status != 2 ] || ! [[ $said =~ ^validate:\ cut-$2:[^[:cntrl:]]*$4[^[:cntrl:]]*$ ]]; then
			bad=1
			verdict 1 "$1, cut at $len" "status $status, said \"$said\""
		fi
	done
	verdict $bad "$1, cut anywhere" "see above"
}

# What no reader takes.
no_such_file() { # KIND EXPRESSION-IF-EMPTY COMMAND...
	: >empty
	refused "an empty $1" "empty:.*$2" "${@:3}" empty
	head -c 300000 /dev/zero | tr '\0' '[' >deep
	refused "deep nesting for $1" 'deep' "${@:3}" deep
	head -c 20000 /dev/urandom >noise
	refused "noise for $1" 'noise' "${@:3}" noise
	refused "a folder for $1" '\.' "${@:3}" .
	refused "zeros without end for $1" '/dev/zero' "${@:3}" /dev/zero
	refused "no file for $1" 'nowhere.*(No such file|is not there)' "${@:3}" nowhere
}

# ---- Event logs ----

env -i "$VALIDATE" record -q -o good.json -- "$guests/hello" >/dev/null
same "the log to be broken is recorded" $? 0
answered "it is a good one" run -q --log good.json
same "and clean" $status 0

no_such_file "event log" 'cut off in its header, before any event: record the run again' run -q --log
cut_short "a log" good.json 37 'cut off.*: record the run again' run -q --log

# The file that sed makes of the good log is refused.
log_refused() { # NAME SED EXPRESSION
	sed -E "$2" good.json >bad.json
	cmp -s good.json bad.json && verdict 1 "$1" "the script changes nothing"
	refused "$1" "$3" run -q --log bad.json
}
log_refused "another version" 's/"version": 1/"version": 2/' 'bad.json: version: version 2 .*record the run again'
log_refused "another format" '1s/validate-log/validate-report/' 'bad.json:1: not an event log'
log_refused "an unknown architecture" 's/"arch": "x86_64"/"arch": "vax"/' 'the log is of an vax one'
log_refused "another architecture" 's/"arch": "x86_64"/"arch": "aarch64"/' 'is an x86_64 program, the log is of an aarch64 one'
log_refused "another program's hash" 's/"sha256": "[0-9a-f]{4}/"sha256": "beef/' 'is not the program that the log was recorded from .*record it again'
log_refused "a program that is gone" 's/"path": "[^"]*"/"path": "\/no\/such\/program"/' '/no/such/program: No such file'
log_refused "a program that is a device" 's/"path": "[^"]*"/"path": "\/dev\/zero"/' '/dev/zero: is not a regular file'
log_refused "a program that is text" 's/"path": "[^"]*"/"path": "\/etc\/passwd"/' '/etc/passwd: is not an ELF file'
log_refused "invalid base64" 's/("stack": "....)./\1*/' 'bad.json: stack: not base64'
log_refused "a negative size" 's/("size": )/\1-/' 'bad.json: program.size: expected a number'
log_refused "a huge size" 's/("size": )/\1999999999999999999999/' 'bad.json:.*not JSON: too big'
log_refused "an index ahead" 's/"index": 1,/"index": 18446744073709551615,/' 'bad.json:'
log_refused "events out of order" 's/"index": 1,/"index": 7,/' 'event 7 stands where event 1 is expected'
log_refused "nesting in an event" 's/("args": )\[/\1[[[[[[[[[[[[[[[[[[[[[[[[/' 'bad.json:'
log_refused "no stack" 's/("stack": ")[^"]*/\1/' 'stack'
log_refused "a stack nowhere" 's/("stack_pointer": "0x)[^"]*/\1ffffffffffffff00/' 'stack'
log_refused "a place that is none" 's/("entry": ")[^"]*/\1here/' 'bad.json: entry: expected a string of "0x"'

# Numbers in the place of others, and flipped bits: mostly still a log, but one that lies.
numbers=$(grep -o '"0x[0-9a-f]*"' good.json | wc -l)
lies=(0 1 1000 7ffffffff000 800000000000 7fffffffffffffff fffffffffffff000 ffffffffffffffff)
for _ in {1..60}; do
	n=$((RANDOM % numbers)) lie=${lies[RANDOM % ${#lies[@]}]}
	awk -v n=$n -v lie="$lie" -v RS='"0x[0-9a-f]*"' '{ printf "%s%s", $0, NR == n + 1 ? "\"0x" lie "\"" : RT }' \
		good.json >bad.json
	answered "number $n is 0x$lie" run -q --log bad.json
done
for n in {1..60}; do
	flip good.json bad.json
	answered "log with flipped bit $n" run -q --log bad.json
done

# ---- Reports and baselines ----

run run -q --log good.json --report good.report -q
run baseline update --baseline good.baseline --note why good.report
same "the baseline to be broken is made" $status 0
no_such_file report 'no JSON.*: write the report again' baseline update --baseline new.baseline
no_such_file baseline 'no JSON.*: mend it, or make it anew' run -q --log good.json --baseline
cut_short "a report" good.report 203 'write the report again' baseline update --baseline new.baseline
cut_short "a baseline" good.baseline 3 'mend it, or make it anew' run -q --log good.json --baseline
sed 's/"version": 1/"version": 2/' good.report >bad.report
refused "a report of another version" 'bad.report: version: .*write the report again' \
	baseline update --baseline new.baseline bad.report
refused "a baseline for a report" 'good.baseline: ' baseline update --baseline new.baseline good.baseline
refused "a report for a baseline" 'good.report: ' run -q --log good.json --baseline good.report
same "no baseline was made of these" "$(compgen -G 'new.baseline*')" ""
for n in {1..30}; do
	flip good.report bad.report
	answered "report with flipped bit $n" baseline update --baseline some.baseline bad.report
done

# ---- Traces ----

run trace -q -o good.trace --log good.json
same "the trace to be broken is made" $status 0
no_such_file trace 'this is not a trace' trace verify
head=$(od -An -tu4 -j 20 -N 4 good.trace | tr -d ' ')
head -c $((16 + 48 + head)) good.trace >start.trace
cut_short "a trace's header" start.trace 7 'offset 0x' trace stat
head -c $((16 + 48 + head + 90)) good.trace >bad.trace
for command in verify stat; do
	matches "trace $command says that the trace is cut off" "$("$VALIDATE" trace $command bad.trace 2>&1)" \
		'bad.trace: offset 0x[0-9a-f]*: '
done
run trace verify bad.trace
same "a trace that is cut off: status" $status 2
for version in '\x02' '\xff'; do
	{ head -c 8 good.trace && printf '%b' "$version" && tail -c +10 good.trace; } >bad.trace
	refused "a trace of another version" 'bad.trace: offset 0x8: a trace of version [0-9]+.*: record it again' trace stat bad.trace
done
for n in {1..40}; do
	flip good.trace bad.trace
	answered "trace with flipped bit $n, verified" trace verify bad.trace
	same "a flipped bit is noticed" "$((status != 0))" 1
	answered "trace with flipped bit $n, shown" trace show bad.trace
	answered "trace with flipped bit $n, judged" run -q --trace-in bad.trace
done

# ---- QEMU's logs ----

if command -v qemu-x86_64 >/dev/null; then
	no_such_file "QEMU's log" 'no state of a CPU is there' import qemu-log -o some.trace
	qemu-x86_64 -d cpu,fpu,nochain,in_asm -D good.states "$guests/hello" >/dev/null
	for n in {1..40}; do
		flip good.states bad.states
		answered "QEMU's log with flipped bit $n" import qemu-log -o some.trace bad.states
		head -c $((RANDOM % $(wc -c <good.states))) good.states >bad.states
		answered "QEMU's log, cut, $n" import qemu-log -o some.trace bad.states
	done
	same "a trace that came to be is a whole one" "$("$VALIDATE" trace verify some.trace >/dev/null && echo whole)" whole
fi

# ---- Vectors ----

vectors=(selftest --arch aarch64 --vectors)
no_such_file vectors 'offset 0x0: ' "${vectors[@]}"
if command -v xz >/dev/null; then
	{ printf 'A64VEC1\0\20\0\0\0' && xz -dc "$sample" | tail -c +13; } | head -c $((0x1cc)) >good.vectors
	cut_short "a file of vectors" good.vectors 17 'offset 0x[0-9a-f]+: the file ends within' "${vectors[@]}"
	xz -c good.vectors >good.xz
	cut_short "compressed vectors" good.xz 23 'offset 0x[0-9a-f]+: ' "${vectors[@]}"
	for n in {1..30}; do
		flip good.vectors bad.vectors
		answered "vectors with flipped bit $n" "${vectors[@]}" bad.vectors
	done
	flip good.xz bad.xz
	refused "a flipped bit in compressed vectors" 'bad.xz: offset 0x[0-9a-f]+: ' "${vectors[@]}" bad.xz
fi

# ---- Manifests ----

cat >good.manifest <<END
{"format": "validate-manifest", "version": 1}
{"name": "job", "log": "good.json"}
END
run batch -q -o results --manifest good.manifest
same "the manifest to be broken is a good one" $status 0
no_such_file manifest '' batch -q -o some.results --manifest
cut_short "a manifest" good.manifest 5 '' batch -q -o some.results --manifest
sed 's/"version": 1/"version": 2/' good.manifest >bad.manifest
refused "a manifest of another version" 'bad.manifest:.*version' batch -q -o some.results --manifest bad.manifest
for n in {1..20}; do
	flip good.manifest bad.manifest
	answered "manifest with flipped bit $n" batch -q -o "flip.results" --manifest bad.manifest
	rm -rf flip.results
done
finish
