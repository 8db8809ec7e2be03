#!/usr/bin/env bash
# validate batch, as people use it: rows that fail in every way beside rows that do not, going on, shards, two emulators.
. testdata/bin/cases.sh
. testdata/bin/batch.sh

needs x86_64
summary=lib/batch/summary.schema.json
state=lib/batch/state.schema.json
enter_scratch
mkdir logs
seq 1000 >file

# Processes that the fake emulators leave if nobody ends them; waits a little for them to go.
left() { # MARK
	local i

	for i in {1..240}; do
		pgrep -f "sleep $1" >/dev/null || return 0
		sleep 0.25
	done
	pgrep -fl "sleep $1"
}

for guest in hello bmi; do
	"$VALIDATE" record -q -o "logs/$guest.json" -- "$guests/$guest" >/dev/null 2>&1
done
"$VALIDATE" record -q -o logs/reads.json -- "$guests/recorded" reads file >/dev/null 2>&1
cp logs/bmi.json logs/again.json
head -c 3000 logs/hello.json >logs/poisoned.json
echo '{"format": "validate-report"}' >logs/other.json

# ---- A folder ----

batch -j 2 --report sum.json -o all logs
same "status of a folder with an unusable log" $status 2
same "outcomes" "$(outcomes)" "again=divergent bmi=divergent hello=clean poisoned=unusable reads=clean"
matches "totals" "$output" '^rows         5: 2 clean, 2 divergent, 1 unusable'
matches "findings over all rows" "$output" 'blsi r32, r32: cf .x86_64.
   first     in again at 0x[0-9a-f]+ <guest_main\+0x[0-9a-f]+>  [0-9a-f]+  blsi .*
   seen      32 times in 2 rows'
matches "why a row is unusable" "$output" 'poisoned .* logs/poisoned.json:[0-9]+: the log is cut off'
matches "progress in a pipe" "$said" '5/5 '
same "a line for each row" "$(wc -l <stderr)" 5
same "the files" "$(cd all && find . -type f | LC_ALL=C sort | tr '\n' ' ')" \
	"./batch.json ./rows/again.json ./rows/bmi.json ./rows/hello.json ./rows/reads.json "
if command -v python3 >/dev/null; then
	same "the summary as JSON" "$(python3 -c '
import json
s = json.load(open("sum.json"))
print(s["format"], s["version"], s["status"], s["totals"]["rows"], s["totals"]["outcomes"]["divergent"])
print(s["findings"][0]["rows"], s["findings"][0]["first"]["row"], s["rows"][3]["outcome"])' 2>&1)" \
		$'validate-batch 1 2 5 2\n[\'again\', \'bmi\'] again unusable'
else
	untried "the summary as JSON" "there is no python3"
fi
conforms "the summary" sum.json $summary
conforms "the state" all/batch.json $state
rejects_json "an outcome that is none" sum.json $summary '.rows[0].outcome = "fine"'
rejects_json "an outcome that is counted, but is none" sum.json $summary '.totals.outcomes.fine = 1'
rejects_json "a finding of no row" sum.json $summary '.findings[0].rows = []'
rejects_json "a change without two emulators" sum.json $summary '.findings[0].change = "new"'
rejects_json "a count that is a string" sum.json $summary '.rows[0].memory = "1"'
rejects_json "a row with a path for a name" sum.json $summary '.rows[0].row = "../bmi"'
rejects_json "a field that is not described" sum.json $summary '.surprise = 1'
rejects_json "a report elsewhere" all/batch.json $state '.results[0].report = "/tmp/x.json"'
rejects_json "a record without a key" all/batch.json $state 'del(.results[0].key)'
rejects_json "shards from 0" all/batch.json $state '.shard = 0'
batch -o all logs
same "results are not overwritten" "$status $said" \
	"2 validate: all has the results of a batch: give --resume to go on with it, or another folder"
batch -q -o all --resume logs
same "all is done already" "$status $output$said" "2 "
batch -q -o all --resume --report - logs
same "the summary on standard output, -q or not" "$status $output$said" "2 $(<sum.json)"

# ---- A manifest of rows that fail in every way ----

cat >crash <<'END'
#!/bin/sh
kill -SEGV $$
END
cat >hang <<'END'
#!/bin/sh
sleep 98761 & sleep 98761
END
cat >hog <<'END'
#!/bin/sh
head -c 2G /dev/zero | tail
END
chmod +x crash hang hog
cat >manifest <<END
{"format": "validate-manifest", "version": 1}
{"name": "good", "log": "logs/hello.json"}
{"name": "crash", "log": "logs/hello.json", "emulator": "./crash"}
{"name": "hang", "log": "logs/hello.json", "emulator": "./hang"}
{"name": "hog", "log": "logs/hello.json", "emulator": "./hog"}
{"name": "none", "log": "logs/hello.json", "emulator": "./none"}
{"name": "wrong", "log": "logs/hello.json", "program": "$guests/bmi"}
{"name": "options", "log": "logs/bmi.json", "args": ["--max-findings", "1"]}
{"name": "nonsense", "log": "logs/bmi.json", "args": ["--from", "nonsense"]}
END
batch -j 4 --timeout 10 --memory 100 --no-progress --report sum.json -o fails --manifest manifest
conforms "the summary of rows that fail" sum.json $summary
conforms "their state" fails/batch.json $state
same "status of rows that fail" $status 5
same "their outcomes" "$(outcomes)" \
	"good=clean crash=failed hang=timeout hog=memory none=failed wrong=unusable options=divergent nonsense=unusable"
matches "what is said of the hog" "$output" 'hog .*took more than 100 MiB'
matches "what is said of the hang" "$output" 'hang .*not done after 10.0 s'
matches "what is said of the wrong program" "$output" 'wrong .*is not the program that the log was recorded from'
same "no progress" "$said" ""
same "nothing of the hanging emulator is left" "$(left 98761)" ""

# ---- Rows that are not whole, and findings that do not count ----

cat >partial <<END
{"format": "validate-manifest", "version": 1}
{"name": "limited", "log": "logs/hello.json", "args": ["--max-instructions", "5"]}
{"name": "nothing", "log": "logs/hello.json", "args": ["--from", "0x10"]}
END
batch -o partial.out --no-progress --report sum.json --manifest partial
conforms "the summary of rows that are not whole" sum.json $summary
rejects_json "a reason of another name" sum.json $summary '.rows[0].reasons = ["tired"]'
same "a row that judged nothing" "$status $(outcomes)" "4 limited=incomplete nothing=incomplete"
same "their reasons" "$(jq -c '[.rows[] | .status, .reasons]' sum.json)" \
	'[0,["max-instructions"],4,["nothing-judged","start-not-reached"]]'
matches "reasons in the table" "$output" 'nothing .*  nothing-judged, start-not-reached'
batch -q -o sure --fail-on confirmed --report sum.json logs/bmi.json
same "findings that are sure count" "$status $(jq -c '[.findings[].counts] | unique' sum.json)" "1 [true]"
batch -o unsure --fail-on certain logs
same "a severity of another name" "$status $said" "2 validate: batch: --fail-on: 'certain' is not how sure a finding may be: \
confirmed, recorded, model, vendor or possible"

# ---- Traces ----

mkdir mixed
cp logs/hello.json mixed
"$VALIDATE" trace -q -o mixed/seen.vtrace --log logs/bmi.json
head -c 3000 mixed/seen.vtrace >mixed/cut.vtrace.part
batch -o traces --no-progress mixed
same "a log and a trace" "$status $(outcomes)" "1 hello=clean seen=divergent"
matches "what the trace was recorded from" "$output" 'targets      unicorn [0-9.]+ .embedded.'
echo '{"format": "validate-manifest", "version": 1, "jobs": [{"name": "t", "trace": "mixed/seen.vtrace"}]}' >traced
batch -o traces2 --no-progress --manifest traced
same "a trace in a manifest" "$status $(outcomes)" "1 t=divergent"
batch -o traces3 --emulator unicorn mixed
same "a trace has no emulator" "$status $said" \
	"2 validate: job 'seen' has no emulator to be replaced: --emulator goes with logs alone"

# ---- Progress on a terminal ----

cat >manifest2 <<END
{"format": "validate-manifest", "version": 1}
{"name": "good", "log": "logs/hello.json"}
{"name": "slow", "log": "logs/hello.json", "emulator": "./slow"}
{"name": "last", "log": "logs/reads.json"}
END
if command -v script >/dev/null; then
	printf '#!/bin/sh\nsleep 1\n' >late
	chmod +x late
	sed 's/slow/late/g' manifest2 >manifest3
	said=$(script -qec "'$VALIDATE' batch -j 1 -q -o seen --manifest manifest3; '$VALIDATE' batch -j 1 -o seen2 \
		--manifest manifest3" /dev/null </dev/null | tr '\r' '\n')
	matches "the line that is written again" "$said" '1 of 3 rows, 1 running; 0 divergent, 0 failed; 0:[0-9][0-9] gone, about 0:[0-9][0-9] left'
	same "rows have no lines of their own" "$(grep -c '3/3' <<<"$said")" 0
else
	untried "progress in a terminal" "there is no script"
fi

# ---- Ended, and gone on with ----

cat >slow <<'END'
#!/bin/sh
sleep 98762
END
chmod +x slow

# Starts a batch whose second row hangs, and sends it a signal once its first row is done.
end_by() { # SIGNAL
	local i

	"$VALIDATE" batch -j 1 -o ended --resume --manifest manifest2 >out 2>stderr &
	pid=$!
	for i in {1..600}; do
		pgrep -f "sleep 98762" >/dev/null && break
		sleep 0.1
	done
	kill "-$1" $pid
	wait $pid 2>/dev/null
	status=$?
	said=$(<stderr)
}

end_by KILL
same "status of a batch that was killed" $status 137
same "nothing is left of it" "$(left 98762)" ""
same "its results" "$(cd ended && find . -type f | LC_ALL=C sort | tr '\n' ' ')" \
	"./batch.json.part ./rows/good.json "
end_by TERM
same "status of a batch that was asked to end" $status 130
matches "what it says" "$said" 'validate: interrupted: 1 of 3 rows are done; --resume goes on$'
same "nothing is left of that" "$(left 98762)" ""
printf '#!/bin/sh\nexit 1\n' >slow
batch -j 1 -o ended --resume --manifest manifest2
same "it is gone on with" "$status $(outcomes)" "5 good=clean slow=failed last=clean"
same "the row that was done is not done again" "$(grep -c '/3 ' stderr)" 2
touch -d '2020-01-01' logs/hello.json
batch -j 1 -o ended --resume --manifest manifest2
matches "a log that changed" "$said" '^2/3 good: clean.*3/3 slow: failed'
batch -j 1 -o ended --retry --manifest manifest2
matches "what failed is tried again" "$said" '^3/3 slow: failed, [0-9.]+ s$'

# ---- Shards ----

for i in 1 2 3; do
	timeout -s KILL "$HANG_SECONDS" "$VALIDATE" batch -q --shard "$i/3" -o "shard$i" --manifest manifest --timeout 10 --memory 100 &
	shards+=($!)
done
wait "${shards[@]}"
batch merge -o merged1 --report merged1.json shard1 shard2 shard3
same "status of the merged shards" $status 5
same "outcomes of the merged shards" "$(outcomes)" \
	"good=clean crash=failed hang=timeout hog=memory none=failed wrong=unusable options=divergent nonsense=unusable"
batch merge -o merged2 --report merged2.json shard3 shard1 shard2
same "their order does not matter" "$(cmp merged1.json merged2.json && cmp merged1/batch.json merged2/batch.json)" ""
batch merge -o merged3 --report sum.json shard1 shard3
conforms "the summary with a shard missing" sum.json $summary
matches "a shard that is missing" "$output" '^rows         8: .*3 missing'
batch merge -o merged4 shard1 all
same "another batch" "$status $said" \
	"2 validate: all: is of another batch than shard1: merge the shards of one manifest with one set of options"

# ---- Two emulators ----

batch -o both --emulator unicorn --emulator unicorn --no-progress --report sum.json logs/bmi.json logs/hello.json
conforms "the summary of two emulators" sum.json $summary
conforms "their state" both/batch.json $state
rejects_json "two emulators without what changed" sum.json $summary '.findings[0].change = null'
same "no news between an emulator and itself" "$status $(outcomes)" \
	"0 bmi@1=divergent bmi@2=divergent hello@1=clean hello@2=clean"
matches "what they have in common" "$output" 'comparison   of @2 with @1: 0 new, 0 fixed, [1-9] common, 0 undecided'
batch -o both2 --emulator unicorn --emulator ./crash --no-progress logs/bmi.json
same "no comparison with what failed" "$status $(outcomes)" "5 bmi@1=divergent bmi@2=failed"
matches "it is undecided" "$output" '0 new, 0 fixed, 0 common, [1-9] undecided'

# ---- Slurm, of which only the command lines are real here; slurm.sh has the whole ----

mkdir fake empty
cat >fake/sbatch <<'END'
#!/bin/sh
# Runs all tasks at once, one after the other; the job behind them too.
echo "$*" >>"$CALLS"
for word; do
	case $word in
	--array=1-*) tasks=${word#--array=1-} ;;
	--fail) echo "sbatch: error: invalid option" >&2; exit 1 ;;
	--nothing) echo 17; exit ;;
	esac
done
for script; do :; done
[ -n "$tasks" ] || { sh "$script" >"$CALLS.merge" 2>&1; echo "18;cluster"; exit; }
for task in $(seq "$tasks"); do
	[ "$task" = "$SKIPPED" ] || SLURM_ARRAY_TASK_ID=$task sh "$script" >>"$CALLS.tasks" 2>&1
done
echo 17
END
cat >fake/squeue <<'END'
#!/bin/sh
[ -z "$GONE" ] || exit 0
echo 17 RUNNING
echo 17 PENDING
END
cat >fake/scancel <<'END'
#!/bin/sh
echo "scancel $*" >>"$CALLS"
END
chmod +x fake/*

# With what slurm_wait() says after a while, in the background.
(PATH=$scratch/fake:$PATH CALLS=$scratch/gone GONE=1 timeout -s KILL "$HANG_SECONDS" "$VALIDATE" batch -q --engine slurm \
	--sbatch-arg --nothing -o gone.d logs/hello.json 2>gone.said; echo $? >gone.status) &
gone=$!

slurm() {
	output=$(PATH=$scratch/fake:$PATH CALLS=$scratch/calls timeout -s KILL "$HANG_SECONDS" "$VALIDATE" batch --engine slurm "$@" 2>stderr)
	status=$?
	said=$(<stderr)
}

slurm -o "arr ay's" --shards 3 --sbatch-arg '--comment=a b' -j 2 --timeout 60 --manifest manifest2
same "a batch as an array" "$status $(outcomes)" "5 good=clean slow=failed last=clean"
same "what was submitted" "$(sed "s|$(pwd)||" calls)" \
	"--parsable --job-name=validate-shard --comment=a b --array=1-3 --cpus-per-task=2 --output /arr ay's/slurm/shard-%a.out $(pwd)/arr ay's/slurm/shard.sh
--parsable --job-name=validate-merge --comment=a b --dependency=afterany:17 --output /arr ay's/slurm/merge.out $(pwd)/arr ay's/slurm/merge.sh"
matches "what is said" "$said" '^validate: job array 17 of 3 tasks and job 18 behind it are submitted'
slurm -o "arr ay's" --manifest manifest2
matches "an array is not overwritten" "$status $said" "2 validate: .*/arr ay's has the results of a batch: give --resume"
: >calls.tasks
slurm -q -o "arr ay's" --retry --shards 3 --manifest manifest2
same "what failed is tried again" "$status $(grep -o '[0-9]/1 .*:' calls.tasks | tr '\n' ' ')" "5 1/1 slow: "
SKIPPED=2 slurm -o skipped --shards 3 --manifest manifest2
same "a task that never ran" "$status $(outcomes)" "5 good=clean slow=missing last=clean"
slurm -o nothing --sbatch-arg --nothing --wait 1 logs
same "not done in time" "$status ${said##*$'\n'}" \
	"5 validate: not done yet; jobs 17 and 17 go on, and $(pwd)/nothing will have the results in the end"
matches "how far it is" "$said" '1 jobs are waiting, 1 running'
slurm -o nowait --no-wait --report nowait.json logs/hello.json
same "not waited for" "$status $output $(grep -c '"outcome": "clean"' nowait.json)" "0  1"
slurm -o refused --sbatch-arg --fail logs
same "refused" "$status $said" "5 validate: sbatch: sbatch: error: invalid option"
output=$(PATH=$scratch/empty "$VALIDATE" batch -o absent2 --engine slurm logs 2>&1)
same "no Slurm" "$? $output" "2 validate: --engine slurm: there is no sbatch on PATH: is Slurm installed?"
PATH=$scratch/fake:$PATH CALLS=$scratch/cancelled "$VALIDATE" batch --engine slurm --sbatch-arg --nothing -q -o cancelled.d \
	logs 2>stderr &
pid=$!
for _ in {1..1200}; do
	[ "$(wc -l 2>/dev/null <cancelled)" = 2 ] && break
	sleep 0.05
done
kill -TERM $pid
wait $pid
same "interrupted" "$? $(<stderr)" "130 validate: interrupted: jobs 17 and 17 of Slurm are cancelled"
same "what was cancelled" "$(tail -n 1 cancelled)" "scancel 17 17"
wait $gone
same "a merge job that came to nothing" "$(<gone.status) $(<gone.said)" \
	"5 validate: job 17 ended without results: see $(pwd)/gone.d/slurm/merge.out"

# ---- Wrong command lines ----

usage() { # NAME EXPECTED ARGUMENT...
	batch "${@:3}"
	same "$1" "$status $said" "2 validate: $2"
}
usage "no results" "batch: no folder for the results given: -o RESULTS" logs
usage "no jobs" "batch: nothing to do: name folders of event logs or --manifest FILE" -o x
usage "a shard that is none" "batch: --shard: '4/3' is not a shard and their number, such as 2/5" --shard 4/3 -o x logs
usage "a time that is none" "batch: --timeout: '-1' is not a number of seconds above 0" --timeout -1 -o x logs
usage "a manifest that is none" \
	"crash:1: column 1: not JSON: '[' or '{' expected: mend the manifest, as validate-manifest(5) describes it" -o x --manifest crash
usage "an engine that is none" "batch: --engine pbs: only slurm is known" --engine pbs -o x logs
usage "options without their engine" \
	"batch: --shards, --sbatch-arg, --wait and --no-wait go with --engine slurm" --shards 2 -o x logs
usage "three emulators" "batch: --emulator can be given twice at most" -e a -e b -e c -o x logs
same "nothing was made of them" "$(find . -maxdepth 1 -name x)" ""

finish
