#!/usr/bin/env bash
# Names that would write lines of their own, order text on a terminal, or are no UTF-8: wherever they are shown, they are
# within a line, and text.
. testdata/bin/cases.sh

needs x86_64 jq
hostile=$(realpath testdata/bin/hostile.sh)
enter_scratch
# shellcheck source=testdata/bin/hostile.sh
. "$hostile"

forged=$'x##[error]forged ##vso[task.complete]\n::error::forged\nverdict      clean\r\e[2J\u202e\u2066\u200b\xff\x9b'
mkdir "$forged"
here=$PWD/$forged
cp "$guests/hello" "$guests/loop" "$forged"
env -i "$VALIDATE" record -q -o run.json -- "$here/hello" >/dev/null
same "a program of such a name is recorded" $? 0
if [ -z "$(lacking_for_bmi)" ]; then
	cp "$guests/bmi" "$forged"
	env -i "$VALIDATE" record -q -o bmi.json -- "$here/bmi" >/dev/null
fi

# UTF-8 without controls, hidden characters, and lines that somebody else wrote.
sound() { # NAME FILE
	local bad=''

	iconv -f UTF-8 -t UTF-8 "$2" >/dev/null 2>&1 || bad+=' not UTF-8;'
	LC_ALL=C tr -d '\n\t' <"$2" | LC_ALL=C grep -q '[[:cntrl:]]' && bad+=' control characters;'
	LC_ALL=C grep -q $'\xe2\x80\xae\|\xe2\x81\xa6\|\xe2\x80\x8b' "$2" && bad+=' hidden characters;'
	grep -aq '^::error::forged' "$2" && bad+=' a forged command;'
	grep -aqE '##(\[|vso)' "$2" && bad+=' a forged command within a line;'
	(($(grep -ac '^verdict ' "$2") > 1)) && bad+=' a forged verdict;'
	verdict "$([ -z "$bad" ] && echo 0 || echo 1)" "$1" "$bad"
}

# A command's standard output and error.
shown() { # NAME COMMAND...
	run "${@:2}"
	printf '%s\n' "$said" >err
	sound "$1: output" out
	sound "$1: errors" err
	(($(wc -l <err) < 3)) || verdict 1 "$1" "errors are of several lines: $said"
}

shown "a run" run --log run.json -v --trace run.trace
matches "the name is there" "$(<out)" $'program      [^\n]*/x[^\n]*error::forged'
shown "a run of a program that is gone" run --log run.json "$forged/nowhere"
shown "a run of another program" run --log run.json "$forged/loop"
shown "a log of such a name" run --log "$forged/nowhere.json"
shown "a log that is none" run --log "$forged/hello"
shown "a symbol that is none" run --log run.json --from "$forged"
shown "an option that is none" run "--$forged"
shown "a command that is none" "$forged"
shown "an emulator that is none" run --log run.json --emulator "$forged/emulator"
shown "a report that cannot be written" run --log run.json --report "$forged/nowhere/report"
for format in report junit sarif html; do
	for log in run bmi; do
		[ -f $log.json ] || continue
		shown "$format of $log" run --log $log.json --max-findings 1 --$format -
	done
done
for log in run bmi; do
	[ -f $log.json ] || continue
	shown "annotations of $log" run --log $log.json --max-findings 1 --annotate github
done
shown "a trace is shown" trace show run.trace
shown "a trace is counted" trace stat run.trace
cp run.trace "$forged/trace"
shown "a trace of such a name is verified" trace verify "$forged/trace"
shown "traces are compared" diff "$forged/trace" run.trace
shown "traces are compared, as JSON" diff --report - "$forged/trace" run.trace
shown "a trace is judged" run --trace-in "$forged/trace"
rm "$forged/hello"
shown "a trace of a program that is gone" run --trace-in run.trace
shown "a trace is written" trace --log bmi.json --max-instructions 100 -o "$forged/other"
cp "$guests/hello" "$forged"

# What the log says itself: in the line of the guest's lost sync, in errors.
escaped=$(jq -n --arg f $'x\n::error::forged\nverdict      clean\u202e' '$f')
quoted=${escaped//\\/\\\\} # for sed
sed -E "s|\"name\": \"[a-z_0-9]+\"|\"name\": $quoted|" run.json >named.json
shown "calls of such a name" run -v --log named.json
sed -E "s|\"args\": \[\"0x1\"|\"args\": [\"0x9\"|" named.json >lost.json
shown "lost sync at such a call" run --log lost.json
shown "lost sync at such a call, annotated" run --log lost.json --annotate github
shown "lost sync at such a call, as JSON" run --log lost.json --report -
sed -E "s|\"arch\": \"x86_64\"|\"arch\": $quoted|" run.json >arch.json
shown "an architecture of such a name" run --log arch.json

# Known findings, coverage.
run run -q --log run.json --report run.report
entry=$(jq -nc --argjson f "$escaped" \
	'{arch: "x86_64", form: $f, place: $f, cause: $f, note: $f, link: $f}')
echo "{\"format\": \"validate-baseline\", \"version\": 1, \"findings\": [$entry]}" >"$forged/baseline"
shown "a baseline" run --log run.json -v --baseline "$forged/baseline"
# The form of an entry that the run judged: it is stale.
form=$(jq -r '[.coverage[] | select(.fully > 0)][0].form' run.report)
jq --arg f "$form" '.findings[0].form = $f' "$forged/baseline" >"$forged/stale"
shown "a stale entry" run --log run.json --baseline "$forged/stale"
matches "is told" "$(<out)" 'stale \(in the baseline'
shown "a stale entry, annotated" run --log run.json --baseline "$forged/stale" --annotate github
shown "a stale entry, as SARIF" run --log run.json --baseline "$forged/stale" --sarif -
shown "a baseline that is none" run --log run.json --baseline "$forged/hello"
jq --argjson f "$escaped" '.coverage[0].form = $f | .coverage[0].family = $f' run.report >"$forged/report"
shown "coverage" coverage "$forged/report"
shown "coverage, as JSON" coverage --json "$forged/report"
shown "a baseline is made" baseline update --baseline "$forged/new" run.report

# Batches.
mkdir logs
cp run.json logs
shown "a batch" batch -v -o results logs
jq --argjson f "$escaped" '.target = $f' results/rows/run.json >row && mv row results/rows/run.json
shown "results are merged" batch merge -v -o merged --report merged.json results
[ ! -f merged.json ] || sound "results are merged: summary" merged.json
same "a summary is written" "$(jq -r .format merged.json)" validate-batch
shown "results of such a name" batch merge -o "$forged/merged" results "$forged/nowhere"
shown "a manifest of such a name" batch -o results2 --manifest "$forged/manifest"
finish
