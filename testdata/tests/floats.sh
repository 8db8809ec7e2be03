#!/usr/bin/env bash
# Floating point of x87, SSE and AVX, and MMX, by the guests x87 and avxfloat: on this CPU itself (gdbserver), where all
# agrees with the models; in QEMU, of which it is known what is wrong; and from a trace.
. testdata/bin/cases.sh

needs x86_64 jq
grep -qw sse4_1 /proc/cpuinfo || skip "this CPU has no sse4_1, which the guest x87 needs to be recorded"
[ -x "$BUILD/guests/x87" ] || skip "there is no guest x87"
enter_scratch
guest=$guests/x87

field() { # JQ-EXPRESSION REPORT
	jq -r "$1" "$2" 2>&1
}

timeout -s KILL 60 "$VALIDATE" record -q -o run.json -- "$guest" 1
same "the guest is recorded" $? 0

# ---- This CPU ----

# Judges a guest's run on this CPU, of so many instructions.
judge_native() { # NAME LOG INSTRUCTIONS GUEST-ARG...
	local server port='' name=$1 log=$2 limit=$3

	timeout -s KILL 600 gdbserver --once 127.0.0.1:0 "$guests/$name" "${@:4}" >server 2>&1 </dev/null &
	server=$!
	for _ in {1..100}; do
		port=$(sed -n "s/^Listening on port //p" server 2>/dev/null)
		[ -z "$port" ] || break
		sleep 0.1
	done
	timeout -s KILL 600 "$VALIDATE" -q --log "$log" --remote "127.0.0.1:$port" --max-instructions "$limit" \
		--report "$name.json" "$guests/$name"
	same "$name: this CPU agrees with itself" $? 0
	kill $server 2>/dev/null
	wait $server 2>/dev/null
	same "$name: findings" "$(field '.findings | length' "$name.json")" 0
	same "$name: all is judged" "$(field '.unmodelled | length' "$name.json")" 0
	same "$name: nothing in part" "$(field '[.partly_seen[].reason] | unique | @json' "$name.json")" '[]'
}

if command -v gdbserver >/dev/null; then
	judge_native x87 run.json 100000 1
	flag=$(for flag in avx2 fma f16c; do grep -qw $flag /proc/cpuinfo || echo $flag; done)
	if [ -z "$flag" ]; then
		timeout -s KILL 60 "$VALIDATE" record -q -o avx.json -- "$guests/avxfloat" 1
		judge_native avxfloat avx.json 20000 1
	else
		untried "avxfloat" "this CPU has no ${flag//$'\n'/, }"
	fi
else
	untried "this CPU" "there is no gdbserver"
fi

# ---- QEMU ----

qemu=${VALIDATE_QEMU_X86_64:-qemu-x86_64}
version=$("$qemu" --version 2>/dev/null | sed -n 's/.*version \([0-9.]*\).*/\1/p')
[ -n "$version" ] || {
	untried "QEMU" "there is none"
	finish
}
timeout -s KILL 200 "$VALIDATE" -q --log run.json --emulator "$qemu" --cpu max --trace run.vtrace --report qemu.json "$guest"
same "QEMU $version: status" $? 1
conforms "QEMU's report" qemu.json lib/report/report.schema.json
# The models say so, and the CPU confirms it.
same "their severity" "$(field '[.findings[].severity] | unique | @json' qemu.json)" '["confirmed"]'
matches "a finding of floating point, in numbers" "$(field '.findings[] | select(.form == "sqrtps xmm, xmm") | .formula' qemu.json)" \
	$'\nfsqrt\\(f32 sse\\)\\[0\\]: .* -> .*\nfsqrt\\(f32 sse\\): round [a-z ]*: raises .*denormal'

# MMX instructions, which are modelled, set the bits of the x87 register above their own (SDM vol. 1, 9.2.2); QEMU 7.2
# to 11.1 leave them. So the register's tag, which follows from what it holds, is wrong as well; the log shows tags.
same "MMX" "$(field '[.findings[] | select(.form | test("paddw|psllq|movq")) | .form + ": " + .location] | unique | @json' qemu.json)" \
	'["movq mm, m64: ftag","movq mm, m64: st1","movq mm, m64: st2","paddw mm, mm: ftag","paddw mm, mm: st2","psllq mm, imm8: ftag","psllq mm, imm8: st1"]'
# Of two NaNs, the first source operand's is the result of SSE's (SDM vol. 1, table 4-7): QEMU takes the larger. Of a
# signalling and a quiet one x87 gives the quiet one, FSCALE too. The sine of infinity is invalid (SDM vol. 2, FSIN).
same "NaNs" "$(field '[.findings[] | select(.location | test("xmm[0-3]|st0")) | .form + ": " + .location] | unique | @json' qemu.json)" \
	'["addsubps xmm, xmm: xmm2","fscale: st0","fsin: st0"]'
# Denormal operands are zeroes (SDM vol. 2, RSQRTSS): QEMU takes their roots.
same "approximations" "$(field '[.findings[] | select(.location == "xmm4") | .form] | unique | @json' qemu.json)" '["rsqrtss xmm, xmm"]'
# C1 tells which way was rounded (SDM vol. 1, 8.1.3.3), and FCHS clears it: QEMU does neither.
same "rounding" "$(field '[.findings[] | select(.location == "fstat") | .form] | contains(["fadd st, st", "fmul st, st", "fdivr st, st", "fchs", "fabs"])' qemu.json)" true
same "nothing else" "$(field '[.findings[].location] - ["fstat", "ftag", "mxcsr", "st0", "st1", "st2", "st3", "xmm2", "xmm4"] | @json' qemu.json)" '[]'
same "what is not judged has a name" "$(field '[.unmodelled[].mnemonic] | @json' qemu.json)" '[]'

timeout -s KILL 100 "$VALIDATE" -q --trace-in run.vtrace -j 2 --report trace.json
same "the trace: status" $? 1
same "the trace: the same findings" "$(field '.findings | map(select(.place != "ftag") | del(.inputs, .opinion, .since, .closer))' trace.json | md5sum)" \
	"$(field '.findings | map(select(.place != "ftag") | del(.inputs, .opinion, .since, .closer))' qemu.json | md5sum)"
same "the trace: as much is judged" "$(field '[.checked, .unseen] | @json' trace.json)" \
	"$(field '[.checked, .unseen] | @json' qemu.json)"
finish
