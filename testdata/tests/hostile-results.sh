#!/usr/bin/env bash
# Broken and hostile results of batches: their states, and the reports of their rows.
. testdata/bin/cases.sh
. testdata/bin/hostile.sh

needs x86_64 jq
enter_scratch
record_logs
big=9223372036854775808

mkdir logs
cp good.json bmi.json logs
run batch -q -o good logs
[ $status -lt 2 ]
same "the results to be broken are made" $? 0
# The name of the document within a folder of its own.
in_folder() { # FILE [NAME]
	rm -rf folder
	cp -r good folder
	rm folder/batch.json
	[ "$1" = nowhere ] || cp "$1" "folder/${2:-batch.json}"
}
remedy=': run the batch again, without --resume and in another folder'
merge=(batch merge -q -o merged)
resume=(batch -q --no-progress --resume -o folder logs)

# A state that both readers refuse.
state_refused() { # NAME FILE EXPRESSION
	in_folder "$2"
	refused "$1, merged" "folder/batch.json:$3$remedy" "${merge[@]}" good folder
	refused "$1, merged first" "folder/batch.json:$3$remedy" "${merge[@]}" folder good
	refused "$1, gone on with" "folder/batch.json:$3$remedy" "${resume[@]}"
	same "$1: nothing came of it" "$(compgen -G 'merged*')" ""
}
: >empty
state_refused "an empty state" empty '1: is cut off in its first line'
head -c 300000 /dev/zero | tr '\0' '[' >deep
state_refused "deep nesting" deep '1: is cut off in its first line'
{ cat deep && echo; } >bad
state_refused "deep nesting in a line" bad '1: column [0-9]+: not JSON'
sed "2s/\"message\": \"\"/\"message\": $(head -c 5000 deep)/" good/batch.json >bad
state_refused "deep nesting in a record" bad '2: column [0-9]+: not JSON'
head -c 20000 /dev/urandom >noise
in_folder noise
refused "noise, merged" "folder/batch.json:.*$remedy" "${merge[@]}" good folder
rm -rf folder && cp -r good folder && ln -sf /dev/zero folder/batch.json
refused "a link" "folder/batch.json: is a symbolic link.*$remedy" "${merge[@]}" folder
rm folder/batch.json && truncate -s 300M folder/batch.json
refused "zeros without end" "folder/batch.json: is longer than [0-9]+ bytes$remedy" "${merge[@]}" folder
in_folder nowhere
refused "no state, merged" 'folder/batch.json: No such file' "${merge[@]}" good folder
refused "no folder" 'nowhere/batch.json: No such file' "${merge[@]}" nowhere
refused "a file for a folder" 'good.json/batch.json: Not a directory' "${merge[@]}" good.json

# Cut anywhere, the state of a batch that was finished is refused, that of one that was not goes to its last whole line.
header=$(head -n 1 good/batch.json | wc -c) wrong=
for ((len = 0; len < $(wc -c <good/batch.json) - 1; len += 13)); do
	head -c $len good/batch.json >cut.json
	in_folder cut.json
	run "${merge[@]}" folder
	[[ $status = 2 && $said =~ ^validate:\ folder/batch.json:[^[:cntrl:]]*$remedy$ ]] || wrong+=" $len"
	mv folder/batch.json folder/batch.json.part
	run "${merge[@]}" folder
	if ((len < header)); then
		[[ $status = 2 && $said =~ ^validate:\ folder/batch.json.part:[^[:cntrl:]]*$remedy$ ]] || wrong+=" $len.part"
	else
		[[ -z $said && $status -le 5 ]] || wrong+=" $len.part"
	fi
	rm -rf merged
done
same "a state, cut anywhere" "$wrong" ""
head -c $((header + 1)) good/batch.json >cut.json
in_folder cut.json batch.json.part
run "${resume[@]}"
same "what was cut off is gone on with" "$status $(cmp <(jq -S '.results | length' folder/batch.json) <(echo 2))" "$((status < 2 ? status : -1)) "

edited_state() { # NAME SED EXPRESSION
	sed -E "$2" good/batch.json >bad
	cmp -s good/batch.json bad && verdict 1 "$1" "the script changes nothing"
	state_refused "$1" bad "$3"
}
edited_state "another version" '1s/"version": 1/"version": 2/' '1: is of another version of the format than 1'
edited_state "a version below 0" '1s/"version": 1/"version": -1/' '1: is of another version of the format than 1'
edited_state "another format" '1s/validate-batch-state/validate-report/' '1: not the state of a batch.*'
edited_state "no plan" '1s/"plan": "[^"]*", //' '1: plan: missing'
edited_state "a shard that is none" '1s/"shard": 1/"shard": 7/' '1: shard: expected a number.*'
edited_state "shards below 0" '1s/"shards": 1/"shards": -1/' '1: shards: expected a number.*'
edited_state "shards without end" "1s/\"shards\": 1/\"shards\": $big/" '1: column [0-9]+: not JSON'
edited_state "many emulators" '1s/"emulators": 0/"emulators": 1000000/' '1: more rows or emulators than a batch can have'
edited_state "a row elsewhere" '1s/"hello"|"good"/"..\/good"/' '1: rows: expected names of jobs.*'
edited_state "an index beyond" '2s/"index": [0-9]+/"index": 9223372036854775807/' '2: is of a row that the header does not have'
edited_state "an index below 0" '2s/"index": [0-9]+/"index": -1/' '2: index: expected a number.*'
edited_state "an index beyond all" "2s/\"index\": [0-9]+/\"index\": $big/" '2: column [0-9]+: not JSON'
edited_state "memory below 0" '2s/"memory": /"memory": -/' '2: memory: expected a number.*'
edited_state "another row's record" '2s/"row": "[a-z]*"/"row": "other"/' '2: is of a row that the header does not have'
edited_state "an outcome that is none" '2s/"outcome": "[a-z-]*"/"outcome": "fine"/' '2: outcome: is none that a row can have'
edited_state "a status that is none" '2s/"status": [0-9]+/"status": 256/' '2: status: expected a number from 0 to 255'
edited_state "a report elsewhere" '2s/"report": "[^"]*"/"report": "..\/..\/etc\/passwd"/' '2: report: expected "rows/ROW.json"'
edited_state "a report of another row" '2s/"report": "[^"]*"/"report": "rows\/x.json"/' '2: report: expected "rows/ROW.json"'
edited_state "invalid base64" '2s/"message": ""/"message": {"base64": "*"}/' '2: message.base64: not base64.*'
edited_state "a member that is none" '2s/"message": ""/"message": "", "x": 1/' '2: unknown member "x"'
# shellcheck disable=SC2016 # for sed
edited_state "text behind the end" '$s/$/\n{}/' '[0-9]+: text behind the end'
sed -E '1s/"plan": "..../"plan": "beef/' good/batch.json >bad
in_folder bad
refused "another plan" 'folder: is of another batch than good: merge the shards of one manifest with one set of options' \
	"${merge[@]}" good folder

# What is told in a state and in a report is printed, and written as JSON.
sed -E 's/"message": ""/"message": "\\u001b[31m\\u009b"/; s/"message": "[^"]*"/"message": {"base64": "G1szMW3\/"}/2' good/batch.json >bad
in_folder bad
answered "a message of control characters" batch merge -o merged --report summary.json folder
[[ $status -le 5 ]] && conforms "a message of control characters" summary.json lib/batch/summary.schema.json
rm -rf merged
name=$(jq -r '.results[0].row' good/batch.json)
report_refused() { # NAME JQ-EXPRESSION EXPRESSION
	rm -rf folder merged
	cp -r good folder
	jq "$2" "good/rows/$name.json" >"folder/rows/$name.json"
	refused "$1" "rows/$name.json:$3: remove it, and the batch with --resume does its row again" "${merge[@]}" folder
	refused "$1, gone on with" "rows/$name.json:$3: remove it, and the batch with --resume does its row again" "${resume[@]}"
	rm "folder/rows/$name.json"
	rm -rf merged
	refused "$1, removed" "rows/$name.json: is not there: the batch with --resume does its row again" "${merge[@]}" folder
	run "${resume[@]}"
	same "$1: the remedy helps" "$((status < 2)) $said" "1 "
}
report_refused "a report of another version" '.version = 2' ' not a report of this version of validate'
report_refused "a report of another architecture" '.arch = "vax"' ' arch: is no instruction set that validate knows'
report_refused "a report of a negative count" '.checked = -1' ' checked: expected a number.*'
report_refused "a report of another verdict" '.verdict = "fine"' ' verdict: is none that validate gives'
cp -r good spoilt
if jq -e '.findings[0]' "good/rows/bmi.json" >/dev/null; then
	jq '.findings[0] |= (.form = "\u001b[31m" | .text = "\u009b" | .symbol = "\u001b" | .key = "\u0007")' good/rows/bmi.json \
		>spoilt/rows/bmi.json
	answered "findings of control characters" batch merge -v -o merged2 --report summary.json spoilt
	conforms "findings of control characters" summary.json lib/batch/summary.schema.json
fi
# ---- Documents that would take many times their size in memory ----

[ $memory_kib = unlimited ] || memory_kib=400000
jq -c '.timeline = {}' "good/rows/$name.json" >small.report
many_values 's/"coverage":/"more": [VALUES 1], "coverage":/' small.report
cp -r good many
rm -rf merged2
cp bad "many/rows/$name.json"
rm -rf merged
refused "a row's report of many values" "rows/$name.json: more than [0-9]+ JSON values: remove it, and the batch" "${merge[@]}" many
rm -rf merged
many_values '1s/"rows": \[/"rows": [VALUES /' good/batch.json
state_refused "a header of many values" bad '1: more than [0-9]+ JSON values'
many_values '2s/"message": ""/"message": [VALUES 1]/' good/batch.json
state_refused "a record of many values" bad '2: more than [0-9]+ JSON values'
memory_kib=$((3 << 20))
[[ $BUILD == */asan* ]] && memory_kib=unlimited

for n in {1..40}; do
	flip good/batch.json bad
	in_folder bad
	rm -rf merged
	answered "state with flipped bit $n, merged" batch merge -o merged folder
	cp -L folder/batch.json folder/batch.json.part
	rm folder/batch.json
	answered "state with flipped bit $n, gone on with" batch --no-progress --resume -o folder logs
done
finish
