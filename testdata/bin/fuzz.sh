#!/usr/bin/env bash
# Runs the fuzzers in build/fuzz from fresh seeds: fuzz.sh [NAME...], by default all.
#
# With FUZZ_SECONDS each runs that long and goes on from what earlier runs found, in build/fuzz/corpus. Without it each makes
# as many runs as its source says ("fuzz-runs: N"), the same every time. An input that a fuzzer dies of is kept in
# build/fuzz/crashes, and the exit status is 1. BUILD has the guests, VALIDATE is the program: for the seeds.
set -euo pipefail

fuzz=build/fuzz
# In MiB and seconds. The readers' own bounds are far below; the sanitizer multiplies what they take.
limits=(-rss_limit_mb=1500 -timeout=20)
failed=0
export FUZZ_GUESTS=$BUILD/guests

fuzz_one() { # NAME
	local name=$1 corpus options=() runs

	corpus=$fuzz/corpus/$name
	[ ! -f "$fuzz/seeds/$name.dict" ] || options+=("-dict=$fuzz/seeds/$name.dict")
	if [ -n "${FUZZ_SECONDS:-}" ]; then
		options+=("-max_total_time=$FUZZ_SECONDS")
	else
		runs=$(sed -n 's/.*fuzz-runs: *\([0-9]*\).*/\1/p' "testdata/fuzz/$name.c")
		corpus=$fuzz/check/$name
		rm -rf "$corpus"
		# Not much longer on a busy machine.
		options+=(-seed=1 "-runs=${runs:?no fuzz-runs in testdata/fuzz/$name.c}" -max_total_time=45)
	fi
	mkdir -p "$corpus" "$fuzz/crashes"
	if "$fuzz/testdata/fuzz/$name" "${limits[@]}" "${options[@]}" -max_len=32768 -print_final_stats=1 \
		"-artifact_prefix=$fuzz/crashes/$name-" "$corpus" "$fuzz/seeds/$name" >"$fuzz/$name.out" 2>&1; then
		awk -v name="$name" '
			/^stat::number_of_executed_units/ { runs = $2 }
			/ cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") edges = $(i + 1) }
			END { printf "%-10s ok, %d runs, %d edges\n", name, runs, edges }' "$fuzz/$name.out"
	else
		failed=1
		grep '^INFO: Seed' "$fuzz/$name.out" || true
		tail -n 60 "$fuzz/$name.out"
		echo "$name failed; once more: $fuzz/testdata/fuzz/$name FILE, of $fuzz/crashes"
	fi
}

# What the trace fuzzer found, as the commands take it that print it: at most 50 of its files.
print_traces() {
	local commands=(stat verify show) file command status n=0

	for file in "$fuzz"/{corpus,check}/trace/*; do
		[ -f "$file" ] || continue
		((n++ < 50)) || break
		for command in "${commands[@]}"; do
			status=0
			timeout -s KILL 100 "$fuzz/validate" trace "$command" "$file" >"$fuzz/print.out" 2>&1 || status=$?
			((status <= 5)) && ! grep -Eq 'Sanitizer|runtime error: ' "$fuzz/print.out" &&
				! tr -d '\n\t' <"$fuzz/print.out" | LC_ALL=C grep -q '[[:cntrl:]]' && continue
			failed=1
			tail -n 60 "$fuzz/print.out" | cat -v
			echo "trace $command $file: status $status"
		done
	done
	echo "trace ${commands[*]}: $((n < 50 ? n : 50)) traces"
}

rm -rf "$fuzz/seeds"
testdata/bin/fuzz-seeds.sh "$fuzz/seeds"
if [ $# = 0 ]; then
	mapfile -t sources < <(printf '%s\n' testdata/fuzz/*.c | grep -v /mutate_)
	set -- "${sources[@]##*/}"
fi
for name; do
	fuzz_one "${name%.c}"
done
[[ " $* " != *" trace"* ]] || print_traces
exit $failed
