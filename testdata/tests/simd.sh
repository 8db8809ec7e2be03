#!/usr/bin/env bash
# MMX, SSE4A, gathers and later vector integers, by the guest simd: on this CPU itself (gdbserver), where all agrees; in
# unicorn; and in QEMU, the one of VALIDATE_QEMU_X86_64 or qemu-x86_64, of which it is known what is wrong.
. testdata/bin/cases.sh

needs x86_64 jq
[ -x "$BUILD/guests/simd" ] || skip "there is no guest simd"
enter_scratch
guest=$guests/simd

lacks() { # FLAG...
	local flag
	for flag; do grep -qw "$flag" /proc/cpuinfo || echo "$flag"; done
}

field() { # JQ-EXPRESSION REPORT
	jq -r "$1" "$2" 2>&1
}

findings() { # REPORT
	field '[.findings[] | .form + ": " + .location] | unique | @json' "$1"
}

# Judges the guest's run on this CPU.
judge_native() { # MODE
	local server port=''

	timeout -s KILL 200 gdbserver --once 127.0.0.1:0 "$guest" "$1" >server 2>&1 </dev/null &
	server=$!
	for _ in {1..100}; do
		port=$(sed -n "s/^Listening on port //p" server 2>/dev/null)
		[ -z "$port" ] || break
		sleep 0.1
	done
	timeout -s KILL 200 "$VALIDATE" -q --log "$1.json" --remote "127.0.0.1:$port" --max-instructions 30000 \
		--report native.json "$guest"
	same "$1: this CPU agrees with itself" "$? $(findings native.json) $(field '.unmodelled | @json' native.json)" '0 [] []'
	kill $server 2>/dev/null
	wait $server 2>/dev/null
}

modes=
for mode in mmx sse4a gather later; do
	case $mode in
	mmx) lacking=$(lacks ssse3) ;;
	sse4a) lacking=$(lacks sse4a) ;;
	gather) lacking=$(lacks avx2) ;;
	later) lacking=$(lacks avx_vnni vaes vpclmulqdq gfni) ;;
	esac
	if [ -n "$lacking" ]; then
		untried "$mode" "this CPU has no ${lacking//$'\n'/, }"
		continue
	fi
	modes+=" $mode "
	timeout -s KILL 60 "$VALIDATE" record -q -o $mode.json -- "$guest" $mode
	same "$mode: recorded" $? 0
	if command -v gdbserver >/dev/null; then
		judge_native $mode
	else
		untried "$mode on this CPU" "there is no gdbserver"
	fi
done

# ---- Emulators ----

# An MMX instruction sets the bits of the x87's register above its own (SDM vol. 1, 9.2.2; vol. 3, 12.2): QEMU 7.2 to
# 11.1 and unicorn leave them, for which each form that writes one is found. A push into a full stack is invalid there
# as it is anywhere (vol. 1, 8.5.1.1): QEMU does it.
judge_mmx() { # WHO TARGET...
	timeout -s KILL 200 "$VALIDATE" -q --log mmx.json --report mmx-report.json "${@:2}"
	same "mmx in $1: status" $? 1
	same "mmx in $1: where" "$(field '[.findings[].location | sub("[0-7]$"; "")] | unique - ["ftag", "fstat"] | @json' mmx-report.json)" \
		'["st"]'
	same "mmx in $1: forms" "$(field '[.findings[] | select(.location | startswith("st")) | .form] | unique | length' mmx-report.json)" 87
	same "mmx in $1: not MMX" "$(field '[.findings[].form | select(test("mm") | not)] | unique | @json' mmx-report.json)" '["fld1","fldz"]'
	same "mmx in $1: all is judged" "$(field '.unmodelled | @json' mmx-report.json)" '[]'
	# No value of an MMX register itself is wrong: 64 bits, the lowest.
	same "mmx in $1: registers" "$(field '[.findings[] | select(.form | test("mm")) | select(.location | startswith("st")) |
		select(.expected[-16:] != .observed[-16:])] | length' mmx-report.json)" 0
}

case $modes in *" mmx "*) judge_mmx unicorn "$guest" ;; esac

qemu=${VALIDATE_QEMU_X86_64:-qemu-x86_64}
version=$("$qemu" --version 2>/dev/null | sed -n 's/.*version \([0-9.]*\).*/\1/p')
# A masked load faults for what its mask excludes (SDM vol. 2, VPMASKMOV), in all. In 7.2 an index in register 4 is taken
# for none, as SIB has it of general registers. In 7.2 and 10.0, EXTRQ by immediates is wrong.
wrong='vpmaskmovd ymm, ymm, m256: fault'
case $version in
7.2.*)
	gather="[\"vpgatherdd ymm, m, ymm: xmm5\",\"$wrong\"]"
	extrq='["extrq xmm, imm8, imm8: xmm1"]'
	;;
10.0.*) gather="[\"$wrong\"]" extrq='["extrq xmm, imm8, imm8: xmm1"]' ;;
11.1.*) gather="[\"$wrong\"]" extrq='[]' ;;
*)
	untried "QEMU" "nothing is known of what is wrong in '$version'"
	modes=
	;;
esac

case $modes in *" mmx "*) judge_mmx "QEMU $version" --emulator "$qemu" --cpu max ;; esac
case $modes in *" sse4a "*)
	timeout -s KILL 100 "$VALIDATE" -q --log sse4a.json --emulator "$qemu" --cpu max --report sse4a-report.json
	same "sse4a in QEMU $version" "$(findings sse4a-report.json)" "$extrq"
	same "sse4a in QEMU $version: sure" "$(field '[.findings[].severity] | unique - ["confirmed"] | @json' sse4a-report.json)" '[]'
	;;
esac
case $modes in *" gather "*)
	timeout -s KILL 100 "$VALIDATE" -q --log gather.json --emulator "$qemu" --cpu max --report gather-report.json 2>/dev/null
	same "gathers in QEMU $version" \
		"$(field '[.findings[] | .form + ": " + (.location | sub("\\[.*"; ""))] | unique | @json' gather-report.json)" "$gather"
	same "gathers in QEMU $version: sure" "$(field '[.findings[].severity] | unique - ["confirmed"] | @json' gather-report.json)" '[]'
	;;
esac
finish
