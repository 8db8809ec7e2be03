#!/usr/bin/env bash
# Where Intel's and AMD's manuals differ: a target that does what the other maker's says is told so and fails no run; what the guest's
# CPU lacks is an invalid opcode; and the table of the differences is complete, as far as this CPU tells.
. testdata/bin/cases.sh

qemu=${VALIDATE_QEMU_X86_64:-qemu-x86_64}
version=$("$qemu" --version 2>/dev/null | sed -n 's/.*version \([0-9.]*\).*/\1/p')
needs x86_64 bmi jq
[ -n "$version" ] || skip "there is no $qemu"

make_scratch
: "${scratch:?}"

# ---- A guest's CPU ----

record() { # GUEST
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o "$scratch/$1.json" -- "$BUILD/guests/$1" >/dev/null
	same "$1 is recorded" $? 0
}

judge() { # NAME STATUS OPTION...
	local name=$1 expected=$2

	shift 2
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" -q --report "$scratch/report.json" "$@" 2>"$scratch/said"
	same "$name: status" $? "$expected"
}

field() { # JQ-EXPRESSION
	jq -rc "$1" "$scratch/report.json" 2>&1
}

of_makers() { # the findings that another maker's manual explains
	field '[.findings[] | select(.severity == "vendor") | .form] | sort'
}

record vendors
case $version in 7.2.*) pointer= ;; *) pointer=',"lfs r64, m80"' ;; esac
judge "an AMD CPU" 0 --log "$scratch/vendors.json" --emulator "$qemu" --cpu max --trace "$scratch/vendors.vtrace"
same "an AMD CPU that scans zero in Intel's way" "$(of_makers)" "[\"bsf r32, r32\",\"bsr r32, r32\"$pointer]"
same "no finding is of another kind" "$(field '[.findings[].severity] | unique')" '["vendor"]'
same "none of them counts" "$(field '[.findings[].counts] | unique')" '[false]'
matches "the finding names both manuals' makers" "$(field '.findings[0].opinion')" \
	"does what Intel's manual allows \(BSF, BSR of zero: .*SDM vol\. 2, BSF, BSR\); the guest's CPU is AMD's"
conforms "the report" "$scratch/report.json" lib/report/report.schema.json

judge "the trace of it" 0 --trace-in "$scratch/vendors.vtrace"
same "the trace tells the CPU" "$(of_makers)" "[\"bsf r32, r32\",\"bsr r32, r32\"$pointer]"
judge "Intel's manual" 0 --log "$scratch/vendors.json" --emulator "$qemu" --cpu max --vendor intel
case $version in 7.2.*) pointer='"lfs r64, m80"' ;; *) pointer= ;; esac
same "by Intel's manual a scan is right" "$(of_makers)" "[$pointer]"

judge "an Intel CPU" 0 --log "$scratch/vendors.json" --emulator "$qemu" --cpu Haswell
same "an Intel CPU" "$(field '[.findings[] | select(.form | startswith("bs"))]')" "[]"
judge "an Intel CPU, told to be AMD's" 0 --log "$scratch/vendors.json" --emulator "$qemu" --cpu Haswell --vendor amd
matches "it is said who told so" "$(field '.findings[0].opinion')" "the guest's CPU is AMD's, as --vendor says"
judge "a finding of a maker, asked for" 1 --log "$scratch/vendors.json" --emulator "$qemu" --cpu max --fail-on vendor

# What fails no run may lead away from the log all the same: the finding is the likely cause, or else what nobody could judge.
timeout -s KILL "$HANG_SECONDS" "$VALIDATE" record -q -o "$scratch/lost.json" -- "$BUILD/guests/vendors" lost >"$scratch/written"
if [ "$(wc -c <"$scratch/written")" = 8 ]; then
	judge "lost by what another maker's CPU does" 3 --log "$scratch/lost.json" --emulator "$qemu" --cpu max
	same "lost by what another maker's CPU does" \
		"$(field '[.verdict, .lost_sync.likely_cause.mnemonic, .lost_sync.likely_cause.symbol, .lost_sync.likely_cause.reason, .findings[0].severity]')" \
		'["lost-sync","bsf","scan_here","did otherwise than predicted","vendor"]'
	conforms "the report of it" "$scratch/report.json" lib/report/report.schema.json
	matches "lost, as text" "$("$VALIDATE" --log "$scratch/lost.json" --emulator "$qemu" --cpu max)" \
		'probably +by bsf at 0x[0-9a-f]+ <scan_here>, [0-9]+ instructions before: a finding, and the run went on'
	judge "lost by what the manual leaves open" 3 --log "$scratch/lost.json" --emulator "$qemu" --cpu Haswell
	same "lost by what the manual leaves open" "$(field '[.findings, .lost_sync.likely_cause.mnemonic, .lost_sync.likely_cause.reason]')" \
		'[[],"bsf","CPUs may differ in a result"]'
else
	untried "lost by what another maker's CPU does" "this machine's CPU does so, too"
fi

judge "no maker of CPUs" 2 --log "$scratch/vendors.json" --vendor cyrix
matches "no maker of CPUs" "$(cat "$scratch/said")" "'cyrix' is no maker of CPUs that validate knows: intel or amd"

# ---- What a CPU lacks ----

record bmi
judge "a CPU without BMI1" 3 --log "$scratch/bmi.json" --emulator "$qemu" --cpu qemu64
same "it rightly refuses, and the log went on" "$(field '[.findings, .lost_sync.likely_cause.reason]')" \
	"[[],\"the guest's CPU lacks it\"]"

# ---- The table ----

vendor=$(sed -n 's/^vendor_id[^:]*: //p' /proc/cpuinfo | head -n 1)
case $vendor in
AuthenticAMD) own=amd other=intel ;;
GenuineIntel) own=intel other=amd ;;
*) finish ;;
esac

# Prints the numbers of a row in $output: cases and, of these, those that the other maker's manual explains.
row() { # NAME
	grep -o " $1 [0-9]* ([0-9]*)" <<<"$output" | tr -d '()' | cut -d' ' -f3,4
}

unexplained() {
	sed -n "s/^cases on which makers' manuals differ.*of the cases failed \([0-9]*\) are none of these.*/\1/p" <<<"$output"
}

# All that uses a row more than now and then, and the rare ones often enough.
forms='^(j|ret|iret|loop|call|jmp|pause|lock (mov|verw)|l[fgs]s|ljmp|lcall|fx|xrstor|sha|prefetchw|movsxd|bs[fr]|bt|sh[lr] |sys|padd|mov sreg|xchg r64, r64|vperm(q|pd)|cvtpi2ps|fu?comi)'

output=$("$VALIDATE" selftest --cases 100 --only "$forms" 2>&1)
same "by this CPU's maker nothing fails" "$(tail -n 1 <<<"$output" | grep -oE '[0-9]+ failed')" "0 failed"
names=$(sed -n 's/^VENDOR(\([A-Z0-9_]*\),.*/\1/p' arch/x86_64/vendor.def)
for name in $names; do
	# What AMD's CPUs make of it is open: nothing is compared.
	[ "$own $name" = "amd LOCK_VERW" ] && continue
	read -r tried _ <<<"$(row "$name")"
	same "cases of $name" "$((tried > 0))" 1
done

# MOVSXD_16 differs where the two bytes behind are on a page that is not there: in one of some 50 cases.
output=$("$VALIDATE" selftest --cases 300 --only "$forms" --vendor "$other" 2>&1)
same "by the other maker's manual, status" $? 1
same "failures that no row of the table explains" "$(unexplained)" 0
# Rows in which the other manual says less than this CPU does cannot fail: SCAN_ZERO, SHIFT_CF (undefined), BIT_TEST_ZF (what this CPU
# does where its maker's leaves it open), NULL_BASE, LOCK_VERW (some of AMD's CPUs refuse it, too); SYSENTER is the hypervisor's.
# XRSTOR_ENDS is rare.
case $own in
amd) fail='NEAR_BRANCH_66 FAR_POINTER_64 FAR_RETURN X87_POINTERS SHA_ALIGNMENT PREFETCH_REGISTER PAUSE_R8 LOOP_REP MOVSXD_16 PERMQ_W CVTPI2PS_MEMORY' ;;
intel) fail='NEAR_BRANCH_66 SCAN_ZERO FAR_POINTER_64 PREFETCH_REGISTER PAUSE_R8 LOOP_REP' ;;
esac
for name in $fail; do
	read -r _ failed <<<"$(row "$name")"
	same "$name is told apart" "$((failed > 0))" 1
done

output=$("$VALIDATE" selftest --cases 3 --vendor "$other" 2>&1)
same "all forms by the other maker's manual: failures that no row explains" "$(unexplained)" 0
finish
