#!/usr/bin/env bash
# Runs test programs and counts: run-tests.sh PROGRAM...
#
# Prints a line for each program, then the whole output of those that failed, then as the last line
# "N passed, N failed, N skipped". Exit status 0 if something passed and nothing failed.
#
# What is counted are libcheck's test cases, summed over its summaries; a program without a summary counts as one case.
# Exit status 77 is a skip, and the program's last line the reason; so is each of its lines "not tried: WHAT: REASON". A program that fails without naming a failed case (it
# crashed, or ran out of time) counts as one failure. A script with a line "# runs alone" gets the machine for itself.
#
# BUILD is the build folder, results are in its folder test-results; TEST_JOBS programs run at a time; TEST_SECONDS is the
# time limit of each.
set -uo pipefail

: "${BUILD:?the build folder}"
jobs=${TEST_JOBS:-$(nproc)}
export TEST_SECONDS=${TEST_SECONDS:-1200}
export results=$BUILD/test-results
# libcheck's own limit for a case, of 4 seconds, is too tight, and those of the tests may be on a busy machine.
export CK_DEFAULT_TIMEOUT=${CK_DEFAULT_TIMEOUT:-30} CK_TIMEOUT_MULTIPLIER=${CK_TIMEOUT_MULTIPLIER:-10}

# "cases failed" of all of libcheck's summaries in a file; nothing when there are none.
sum_summaries() { # FILE
	awk '/^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ {
		gsub(/,/, "")
		cases += $3; failed += $5 + $7; seen = 1
	}
	END { if (seen) print cases, failed }' "$1"
}

# One program: a line on standard output, and NAME.out and NAME.count in the results.
run_one() { # PROGRAM
	local program=$1 name file start seconds status cases failed skipped=0 word reason=

	name=${program#"$BUILD"/}
	file=$results/${name//\//-}
	start=${EPOCHREALTIME/./}
	case $program in */*) ;; *) program=./$program ;; esac
	timeout -k 5 "$TEST_SECONDS" "$program" >"$file.out" 2>&1 </dev/null
	status=$?
	seconds=$(((${EPOCHREALTIME/./} - start) / 10000))

	read -r cases failed < <(sum_summaries "$file.out")
	if [ "$status" = 77 ] && [ "${failed:-0}" = 0 ]; then
		cases=0 failed=0 skipped=1 word=skipped reason=$(tail -n 1 "$file.out")
		reason="  ${reason:-(no reason given)}"
	elif [ "$status" = 0 ]; then
		failed=${failed:-0}
		[ "${cases:=1}" != 0 ] || failed=1 # a suite of no cases proves nothing
	else
		[ "${failed:=0}" != 0 ] || failed=1 cases=$((${cases:-0} + 1))
		reason="  exit status $status"
		if [ "$status" = 124 ] || [ "$status" = 137 ]; then
			reason="  stopped after $TEST_SECONDS s"
		fi
	fi
	[ "$failed" = 0 ] || word=FAILED
	printf '%-7s %7d.%02d s  %s%s\n' "${word:=ok}" $((seconds / 100)) $((seconds % 100)) "$name" "$reason"
	while read -r reason; do
		printf '%-19s  %s  %s\n' skipped "$name" "$reason"
		skipped=$((skipped + 1))
	done < <(sed -n 's/^not tried: //p' "$file.out")
	echo "$((cases > failed ? cases - failed : 0)) $failed $skipped" >"$file.count"
	[ "$word" != FAILED ] || echo "$file.out" >>"$results/failed"
}
export -f run_one sum_summaries
export BUILD

run_all() { # JOBS PROGRAM...
	[ $# -gt 1 ] || return 0
	# shellcheck disable=SC2016 # $1 is for the inner shell
	printf '%s\0' "${@:2}" | xargs -0 -n 1 -P "$1" bash -c 'run_one "$1"' run_one
}

together=() alone=()
for program; do
	if [[ $program == *.sh ]] && grep -qx '# runs alone' "$program"; then
		alone+=("$program")
	else
		together+=("$program")
	fi
done
rm -rf "$results"
mkdir -p "$results"
ulimit -c 0
run_all "$jobs" "${together[@]}"
run_all 1 "${alone[@]}"

if [ -f "$results/failed" ]; then
	while read -r file; do
		printf '\n==== %s\n' "$file"
		cat "$file"
	done <"$results/failed"
	echo
fi
passed=0 failed=0 skipped=0 programs=0
for file in "$results"/*.count; do
	[ -f "$file" ] || continue
	read -r p f s <"$file"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s)) programs=$((programs + 1))
done
if [ "$programs" != $# ]; then
	echo "run-tests.sh: of $# programs only $programs ran"
	failed=$((failed + $# - programs))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" != 0 ]
