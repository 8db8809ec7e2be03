#!/usr/bin/env bash
# Seeds for the fuzzers, made from real files and a real conversation: fuzz-seeds.sh FOLDER
#
# FOLDER/NAME gets the files for the fuzzer testdata/fuzz/NAME.c, FOLDER/NAME.dict its dictionary where there is one. BUILD
# has the guests, VALIDATE is the program. What cannot be made here (no QEMU, say) is said and left out.
set -euo pipefail

: "${BUILD:?the build folder}" "${VALIDATE:?the program}"
to=${1:?a folder}
guests=$BUILD/guests
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

lack() {
	printf 'fuzz-seeds.sh: %s\n' "$*" >&2
}

make_logs() {
	local word

	mkdir -p "$to/log"
	for word in reads handler fault; do
		env -i PATH=/bin "$VALIDATE" record -q -o "$to/log/$word.json" "$guests/recorded" "$word" Makefile \
			>/dev/null 2>&1 || lack "no log of recorded $word"
	done
	env -i PATH=/bin "$VALIDATE" record -q -o "$to/log/hello.json" --embed-files "$guests/hello" >/dev/null ||
		lack "no log of hello"
	if command -v qemu-aarch64 >/dev/null; then
		env -i PATH="$PATH" "$VALIDATE" record -q --via qemu -o "$to/log/aarch64.json" "$guests/aarch64/loop" 2 \
			>/dev/null || lack "no log of an AArch64 program"
	fi
	mkdir -p "$to/replay"
	cp "$to"/log/{reads,handler,fault}.json "$to/replay"
	for word in mappings signals delivery outside rewritten; do
		env -i "$VALIDATE" record -q -o "$to/replay/$word.json" "$guests/$word" >/dev/null 2>&1 ||
			lack "no log of $word"
	done
	[ ! -f "$to/log/aarch64.json" ] || cp "$to/log/aarch64.json" "$to/replay"
	# A stack of many pages is not what readers stumble over.
	sed -i 's/^\("stack": ".\{40\}\)[^"]*/\1/' "$to"/log/*.json
	grep -oh '"[a-z_][a-z_0-9]*": ' "$to"/log/*.json | sort -u |
		sed 's/"/\\"/g; s/.*/"&"/' >"$to/log.dict"
	cp "$to/log.dict" "$to/replay.dict"
}

# A conversation of gdb and QEMU, each side's bytes in a file of its own.
make_packets() {
	local bytes

	mkdir -p "$to/packet"
	qemu-x86_64 -g "$scratch/socket" "$guests/hello" >/dev/null 2>&1 &
	for _ in {1..600}; do
		[ -S "$scratch/socket" ] && break
		sleep 0.05
	done
	# shellcheck disable=SC2016 # $pc and $sp are for gdb
	timeout 30 gdb -nx -batch -ex "set remotelogfile $scratch/packets" -ex 'set architecture i386:x86-64' \
		-ex "target remote $scratch/socket" -ex 'stepi' -ex 'x/4i $pc' -ex 'info registers' \
		-ex 'find /b $sp, +200, 0x7f' -ex 'kill' >/dev/null 2>&1 || true
	kill $! 2>/dev/null || true
	for side in r w; do
		bytes=$(sed -n "s/^$side //p" "$scratch/packets" 2>/dev/null | tr -d '\n' | head -c 12000)
		[ -n "$bytes" ] || lack "no conversation of gdb and QEMU"
		printf '%b' "$bytes" >"$to/packet/$side"
	done
	# What this one does not have: notifications, escapes, runs, errors.
	# shellcheck disable=SC2016 # no variables
	printf '+$0* #7a%%Stop:T05thread:p1.1;#00-$}\x03}\x04#00\x03+$T05thread:p2.-1;watch:1;#b9$W00;process:1#00' \
		>"$to/packet/rare"
}

# QEMU carries its descriptions as text.
make_descriptions() {
	local qemu arch name

	mkdir -p "$to/tdesc"
	for qemu in qemu-x86_64 qemu-aarch64; do
		command -v $qemu >/dev/null || continue
		tr '\0' '\n' <"$(command -v $qemu)" | LC_ALL=C awk -v folder="$scratch" '
			/^<\?xml/ { inside = 1; text = "" }
			inside { text = text $0 "\n" }
			inside && /<\/feature>/ { printf "%s", text > (folder "/feature" n++ ".xml"); inside = 0 }'
		for name in "$scratch"/feature*.xml; do
			[ "$(wc -c <"$name")" -lt 16000 ] || continue
			arch=${qemu#qemu-}
			{
				printf '<?xml version="1.0"?><target><architecture>%s</architecture>' "$arch"
				printf '<xi:include href="x.xml"/></target>\0x.xml\n'
				cat "$name"
			} >"$to/tdesc/$arch-$(basename "$name")"
		done
		rm -f "$scratch"/feature*.xml
	done
	[ -n "$(ls "$to/tdesc")" ] || lack "no QEMU, whose target descriptions were wanted"
	printf '"%s"\n' '<reg ' 'name=\"' 'bitsize=\"' 'regnum=\"' '<xi:include href=\"' '<feature ' '/>' '<!ENTITY ' \
		>"$to/tdesc.dict"
}

# The first cases of the sample; the number of cases is what the header says.
make_vectors() {
	local sample=testdata/vectors/a64-sample.vec.xz skip

	mkdir -p "$to/vectors"
	if ! command -v xz >/dev/null; then
		lack "no xz, for vectors"
		return
	fi
	xz -dc $sample >"$scratch/vectors"
	for skip in 0 2000 40000; do
		{
			printf 'A64VEC1\0\4\0\0\0'
			head -c $((12 + skip + 500)) "$scratch/vectors" | tail -c 500
		} >"$to/vectors/$skip"
	done
	xz -0 -c "$to/vectors/0" >"$to/vectors/xz"
}

# States of both instruction sets, of single instructions and of blocks, cut short; and traces of them.
make_states() {
	local arch single=-one-insn-per-tb name

	mkdir -p "$to/qemu_log" "$to/trace"
	for arch in x86_64 aarch64; do
		if ! command -v qemu-$arch >/dev/null; then
			lack "no qemu-$arch, whose states were wanted"
			continue
		fi
		[[ $(qemu-$arch --version) == *"version 7."* ]] && single=-singlestep
		name=$guests/loop
		[ $arch = x86_64 ] || name=$guests/$arch/loop
		qemu-$arch $single -d cpu,fpu,nochain,in_asm -D "$scratch/single" "$name" 1 >/dev/null
		qemu-$arch -d cpu,nochain,in_asm -D "$scratch/blocks" "$name" 1 >/dev/null
		head -n 120 "$scratch/single" >"$to/qemu_log/$arch"
		head -n 120 "$scratch/blocks" >"$to/qemu_log/$arch-blocks"
		for name in $arch $arch-blocks; do
			"$VALIDATE" import qemu-log -o "$to/trace/$name" "$to/qemu_log/$name" >/dev/null ||
				lack "no trace of $name"
		done
	done
	mkdir -p "$to/judge" "$to/diff"
	cp "$to"/trace/* "$to/judge" || lack "no traces to be judged"
	grep -oh '[A-Z][A-Z0-9]*=' "$to"/qemu_log/* | sort -u | sed 's/.*/"&"/' >"$to/qemu_log.dict"
	printf '"%s"\n' 'IN: ' '0x' '----------------' 'Trace ' >>"$to/qemu_log.dict"
}

# Small programs, one of which has a dynamic loader.
make_programs() {
	local code='.globl _start; .type _start, @function; _start: ret; .size _start, .-_start; .data; x: .quad _start'

	mkdir -p "$to/elf"
	"${CC:-cc}" -nostdlib -static -x assembler -o "$to/elf/static" - <<<"$code" || lack "no static program"
	"${CC:-cc}" -nostdlib -pie -Wl,-E,-z,noseparate-code -x assembler -o "$to/elf/pie" - <<<"$code" ||
		lack "no dynamic program"
}

# A number in four bytes, the lowest first.
put_number() { # NUMBER
	printf '%b' "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24)))"
}

# Two traces of one program each, of unicorn and of QEMU, whose addresses differ.
make_pairs() {
	local name via to_file

	for name in loop bmi aarch64/loop; do
		via=()
		[[ $name != aarch64/* ]] || via=(--via qemu)
		env -i PATH="$PATH" "$VALIDATE" record -q "${via[@]}" -o "$scratch/pair.json" "$guests/$name" 1 \
			>/dev/null 2>&1 || lack "no log of $name"
		for to_file in unicorn qemu; do
			via=()
			[ $to_file = unicorn ] || via=(--qemu)
			"$VALIDATE" trace -q --log "$scratch/pair.json" "${via[@]}" --max-instructions 600 \
				-o "$scratch/$to_file" || continue
			cp "$scratch/$to_file" "$to/judge/${name//\//-}-$to_file"
		done
		if [ ! -f "$scratch/unicorn" ] || [ ! -f "$scratch/qemu" ]; then
			lack "no two traces of $name"
			continue
		fi
		{
			put_number "$(wc -c <"$scratch/unicorn")"
			cat "$scratch/unicorn" "$scratch/qemu"
		} >"$to/diff/${name//\//-}"
		rm -f "$scratch/unicorn" "$scratch/qemu"
	done
}

# A report with findings, which are unicorn's, and the baseline that knows them.
make_reports() {
	mkdir -p "$to/baseline"
	if ! env -i "$VALIDATE" record -q -o "$scratch/bmi.json" "$guests/bmi" >/dev/null 2>&1; then
		lack "no report, since this CPU does not run $guests/bmi"
		return
	fi
	"$VALIDATE" run --log "$scratch/bmi.json" --max-findings 3 --report "$to/baseline/report" -q || true
	"$VALIDATE" baseline update --baseline "$to/baseline/known" "$to/baseline/report" >/dev/null
	grep -oh '"[a-z_][a-z_0-9]*": ' "$to"/baseline/* | sort -u |
		sed 's/"/\\"/g; s/.*/"&"/' >"$to/baseline.dict"
}

# Manifests of both forms, and the state and reports of a batch.
make_batches() {
	mkdir -p "$to/batch" "$scratch/logs"
	env -i "$VALIDATE" record -q -o "$scratch/logs/hello.json" "$guests/hello" >/dev/null 2>&1 || lack "no log for a batch"
	[ ! -f "$scratch/bmi.json" ] || cp "$scratch/bmi.json" "$scratch/logs"
	cat >"$to/batch/lines" <<-'END'
		{"format": "validate-manifest", "version": 1}
		{"name": "a", "log": "a.json", "program": "a", "target": "qemu", "emulator": "q", "cpu": "max", "sysroot": "s"}
		{"name": "b", "trace": "b"}
		{"name": "c", "log": "c", "remote": "unix:c", "args": ["--until", "main"]}
	END
	cat >"$to/batch/document" <<-'END'
		{"format": "validate-manifest", "version": 1, "jobs": [
		{"name": "a", "log": "a", "emulator_args": ["-d", "cpu"]}]}
	END
	"$VALIDATE" batch -q -o "$scratch/batch" -e unicorn -e unicorn "$scratch/logs" || true
	cp "$scratch/batch/batch.json" "$to/batch/state"
	for name in "$scratch"/batch/rows/*; do
		jq -c 'del(.coverage, .timeline)' "$name" >"$to/batch/$(basename "$name")" || cp "$name" "$to/batch"
	done
	mkdir -p "$to/results"
	"$VALIDATE" batch -q -o "$scratch/plain" --timeout 100 "$scratch/logs" || true
	cp "$scratch/plain/batch.json" "$to/results/whole"
	{
		cat "$scratch/batch/batch.json"
		printf '\0'
		head -n 3 "$scratch/batch/batch.json"
	} >"$to/results/two"
	# With the reports, without what makes them large, and a link in the place of one.
	{
		cat "$scratch/batch/batch.json"
		printf '\0'
		cat "$scratch/batch/batch.json"
		for name in "$scratch"/batch/rows/*; do
			printf '\0%s\n' "$(basename "$name")"
			jq -c 'del(.coverage, .timeline)' "$name" || cat "$name"
		done
	} >"$to/results/reports"
	name=$(cd "$scratch/batch/rows" && printf '%s\n' * | head -n 1)
	sed "s/^\x00*$name\$/@&/; s/@\x00/\x00@/" "$to/results/reports" >"$to/results/link"
	cmp -s "$to/results/reports" "$to/results/link" && lack "no link among results"
	# Rows without reports.
	sed 's/"report": "[^"]*"/"report": ""/' "$to/results/two" >"$to/results/failed"
	grep -oh '"[a-z_][a-z_0-9]*": *' "$to"/batch/* | tr -d ' ' | sort -u |
		sed 's/"/\\"/g; s/.*/"&"/' >"$to/batch.dict"
	cp "$to/batch.dict" "$to/results.dict"
}

mkdir -p "$to"
make_logs
make_packets
make_descriptions
make_vectors
make_states
make_programs
make_pairs
make_reports
make_batches
