#!/usr/bin/env bash
# Broken and hostile documents of JSON: reports, baselines, manifests, results of batches.
. testdata/bin/cases.sh
. testdata/bin/hostile.sh

needs x86_64 jq
enter_scratch
record_logs
big=9223372036854775808

# The document bad, which jq makes of a good one, is refused. The command is COMMAND... bad.
edited() { # NAME GOOD JQ-EXPRESSION EXPRESSION COMMAND...
	jq "$3" "$2" >bad
	cmp -s <(jq . "$2") bad && verdict 1 "$1" "the script changes nothing"
	refused "$1" "$4" "${@:5}" bad
}

# ---- Reports ----

run run -q --log bmi.json --report good.report --max-findings 2
jq -c '.coverage |= .[:2] | .timeline = {}' good.report >small.report
update=(baseline update -q --baseline new.baseline)
again=': write the report again'
for reader in update coverage; do
	command=("${update[@]}")
	[ $reader = update ] || command=(coverage)
	no_such_file "report, $reader" "no JSON.*$again" "${command[@]}"
	cut_short "a report, $reader" small.report 29 "$again" "${command[@]}"
	edited "a report of another version, $reader" good.report '.version = 2' "bad: version: .*$again" "${command[@]}"
	edited "a version below 0, $reader" good.report '.version = -1' "bad: version: .*$again" "${command[@]}"
	edited "another format, $reader" good.report '.format = "validate-log"' "bad: is no file of the format .*$again" "${command[@]}"
	edited "another architecture, $reader" good.report '.arch = "vax"' "bad: arch: is no instruction set.*$again" "${command[@]}"
	edited "no architecture, $reader" good.report 'del(.arch)' "bad: arch: is missing.*$again" "${command[@]}"
	edited "a list that is none, $reader" good.report '.coverage = {}' "bad: coverage: is missing or no list$again" "${command[@]}"
	edited "an element that is none, $reader" good.report '.coverage[1] = [[[[]]]]' "bad: coverage\[1\]: is no object$again" "${command[@]}"
	edited "a negative count, $reader" good.report '.coverage[0].fully = -1' "bad: coverage\[0\].fully: .*$again" "${command[@]}"
	spoilt "a count beyond all, $reader" good.report "s/\"fully\": [0-9]+/\"fully\": $big/" "bad:[0-9]+: is no JSON: too big.*$again" \
		"${command[@]}"
	refused "a baseline for a report, $reader" "$again" "${command[@]}" good.json
done
edited "a form of any length" good.report '.coverage[0].form = "a" * 100000' "bad: coverage\[0\].form: is too long$again" coverage
jq '.coverage[0].family = "\u001b[31m\u009b", .coverage[0].form = "\u001b[0m"' good.report >bad
answered "names with control characters" coverage bad
same "nothing was made of these" "$(compgen -G 'new.baseline*')" ""
for n in {1..30}; do
	flip good.report bad
	answered "report with flipped bit $n" baseline update --baseline some.baseline bad
	answered "report with flipped bit $n, its coverage" coverage bad
done

# ---- Baselines ----

run baseline update --baseline good.baseline --note why good.report
same "the baseline to be broken is made" $status 0
judge=(run -q --log good.json --baseline)
mend=': mend it, or make it anew'
no_such_file baseline "no JSON.*$mend" "${judge[@]}"
for name in empty deep noise /dev/zero; do
	refused "$name for a baseline that is updated" "$name.*$mend" baseline update --baseline $name good.report
done
cut_short "a baseline" good.baseline 2 "$mend" "${judge[@]}"
refused "a report for a baseline" "good.report: is no file of the format .*$mend" "${judge[@]}" good.report
entry='{"arch": "x86_64", "form": "f", "place": "p", "cause": "c", "note": "", "link": ""}'
echo "{\"format\": \"validate-baseline\", \"version\": 1, \"findings\": [$entry]}" >one.baseline
answered "a baseline of one entry" "${judge[@]}" one.baseline
same "is a good one" $status 0
edited "a baseline of another version" one.baseline '.version = 2' "bad: version: .*$mend" "${judge[@]}"
edited "a version that is a text" one.baseline '.version = "1"' "bad: version: .*$mend" "${judge[@]}"
edited "an entry of another architecture" one.baseline '.findings[0].arch = "vax"' "bad: findings\[0\].arch: .*$mend" "${judge[@]}"
edited "an entry without a place" one.baseline 'del(.findings[0].place)' "bad: findings\[0\].place: is missing.*$mend" "${judge[@]}"
edited "an entry that is a number" one.baseline '.findings[0] = 1' "bad: findings\[0\]: is no object$mend" "${judge[@]}"
edited "an entry that is nested" one.baseline '.findings[0].note = [[["x"]]]' "bad: findings\[0\].note: .*no text$mend" "${judge[@]}"
edited "an entry twice" one.baseline '.findings += .findings' "bad: findings\[1\]: is there twice$mend" "${judge[@]}"
edited "an entry with more" one.baseline '.findings[0].x = 1' "bad: findings\[0\]: has members besides.*$mend" "${judge[@]}"
edited "no list" one.baseline '.findings = null' "bad: findings: is missing or no list$mend" "${judge[@]}"
jq '.findings[0].note = "\u001b[31m"' one.baseline >bad
answered "a note of control characters" run --log good.json --baseline bad
for n in {1..20}; do
	flip one.baseline bad
	answered "baseline with flipped bit $n" run --log good.json --baseline bad
done

# ---- Manifests ----

echo '{"format": "validate-manifest", "version": 1, "jobs": [{"name": "job", "log": "good.json"}]}' >one.manifest
jq -c '{format, version}, .jobs[]' one.manifest >good.manifest
read_it=(batch -q -o some.results --manifest)
mend=': mend the manifest, as validate-manifest\(5\)'
for name in one good; do
	rm -rf results
	run batch -q -o results --manifest $name.manifest
	same "the $name manifest is a good one" $status 0
done
no_such_file manifest "not JSON.*$mend" "${read_it[@]}"
cut_short "a manifest of lines" good.manifest 1 "$mend" "${read_it[@]}"
cut_short "a manifest" one.manifest 1 "$mend" "${read_it[@]}"
edited "a manifest of another version" one.manifest '.version = 2' "bad: version: version 2 .*$mend" "${read_it[@]}"
edited "a version below 0" one.manifest '.version = -1' "bad: version: expected a number.*$mend" "${read_it[@]}"
edited "another format" one.manifest '.format = "validate-log"' "bad: not a manifest.*$mend" "${read_it[@]}"
edited "jobs that are none" one.manifest '.jobs = 1' "bad: jobs: expected an array$mend" "${read_it[@]}"
edited "no jobs" one.manifest '.jobs = []' "bad: has no jobs$mend" "${read_it[@]}"
edited "a job that is nested" one.manifest '.jobs[0] = [[[[]]]]' "bad: jobs\[0\]: expected an object$mend" "${read_it[@]}"
edited "a path for a name" one.manifest '.jobs[0].name = "../job"' "bad: jobs\[0\].name: expected at most.*$mend" "${read_it[@]}"
edited "a name of any length" one.manifest '.jobs[0].name = "a" * 1000000' "bad: jobs\[0\].name: expected at most.*$mend" "${read_it[@]}"
edited "a name with an escape" one.manifest '.jobs[0].name = "\u001b"' "bad: jobs\[0\].name: expected at most.*$mend" "${read_it[@]}"
edited "invalid base64" one.manifest '.jobs[0].log = {base64: "*"}' "bad: jobs\[0\].log.base64: not base64.*$mend" "${read_it[@]}"
edited "a zero byte" one.manifest '.jobs[0].log = {base64: "AGE="}' "bad: jobs\[0\].log: a zero byte.*$mend" "${read_it[@]}"
edited "two jobs of one name" one.manifest '.jobs += .jobs' "bad: two jobs have the name 'job'$mend" "${read_it[@]}"
edited "a log and a trace" one.manifest '.jobs[0].trace = "t"' "bad: jobs\[0\]: expected \"log\" or \"trace\".*$mend" "${read_it[@]}"
edited "an option that is not a job's" one.manifest '.jobs[0].args = ["--report=/tmp/x"]' "bad: jobs\[0\].args\[0\]: --report=/tmp/x is no option.*$mend" \
	"${read_it[@]}"
edited "a member that is none" one.manifest '.jobs[0].shell = "rm"' "bad: jobs\[0\]: unknown member \"shell\"$mend" "${read_it[@]}"
same "nothing was run" "$(compgen -G 'some.results*')" ""
for n in {1..20}; do
	flip good.manifest bad
	answered "manifest with flipped bit $n" batch -o flip.results --no-progress --manifest bad
	rm -rf flip.results
done

# ---- Documents that would take many times their size in memory ----

[ $memory_kib = unlimited ] || memory_kib=400000
many_values 's/"coverage":/"more": [VALUES 1], "coverage":/' small.report
for reader in "coverage bad" "baseline update -q --baseline new.baseline bad"; do
	read -ra command <<<"$reader"
	refused "a report of many values, $reader" "bad: more than [0-9]+ JSON values$again" "${command[@]}"
done
many_values 's/"findings": \[/"findings": [VALUES /' one.baseline
refused "a baseline of many values" "bad: more than [0-9]+ JSON values: mend it, or make it anew" \
	baseline update --baseline bad good.report
many_values 's/"jobs":\[/"jobs": [VALUES /' <(jq -c . one.manifest)
refused "a manifest of many values" "bad: more than [0-9]+ JSON values$mend" "${read_it[@]}" bad
finish
