#!/usr/bin/env bash
# Paths that stand in documents, and what was put where files are to be written: nothing that is no regular file is opened,
# no link is followed, nothing outside of where the user said is read or written.
. testdata/bin/cases.sh

needs x86_64 jq
hostile=$(realpath testdata/bin/hostile.sh)
enter_scratch
# shellcheck source=testdata/bin/hostile.sh
. "$hostile"

env -i "$VALIDATE" record -q -o good.json -- "$guests/hello" >/dev/null
mkdir logs
cp good.json logs
run batch -q -o good logs
same "the results are made" $status 0
echo secret >secret

# ---- Results of others ----

results() { # makes results to be spoilt
	rm -rf bad merged
	cp -r good bad
}
merge=(batch merge -q -o merged)
nothing_merged() { # NAME
	same "$1: nothing is copied" "$(find merged -type f 2>/dev/null)" ""
}

results
ln -sf "$PWD/secret" bad/rows/good.json
refused "a report that is a link" 'bad/rows/good.json: is a symbolic link' "${merge[@]}" bad
nothing_merged "a report that is a link"
results
rm bad/rows/good.json && mkfifo bad/rows/good.json
refused "a report that is a FIFO" 'bad/rows/good.json: is not a regular file' "${merge[@]}" bad
nothing_merged "a report that is a FIFO"
results
mv bad/rows elsewhere && ln -s ../elsewhere bad/rows
refused "reports behind a linked folder" 'bad/rows/good.json: ' "${merge[@]}" bad
nothing_merged "reports behind a linked folder"
rm -rf elsewhere
results
mv bad/batch.json state && ln -s ../state bad/batch.json
refused "a state that is a link" 'bad/batch.json: is a symbolic link' "${merge[@]}" bad
results
rm bad/batch.json && mkfifo bad/batch.json
refused "a state that is a FIFO" 'bad/batch.json: is not a regular file' "${merge[@]}" bad
results
truncate -s 300M bad/rows/good.json
refused "a report of any length" 'bad/rows/good.json: is longer than' "${merge[@]}" bad

# Gone on with, and merged into.
results
mkdir outside
mv bad/rows elsewhere && ln -s ../outside bad/rows
refused "results with a linked folder, gone on with" 'bad/rows: is a symbolic link' batch -q --retry -o bad logs
same "nothing is written through it" "$(ls outside)" ""
mkdir merged && ln -s ../outside merged/rows
refused "results merged into a linked folder" 'merged/rows: is a symbolic link' "${merge[@]}" good
same "nothing is written through that" "$(ls outside)" ""
rm -rf elsewhere
results
ln -sf "$PWD/secret" bad/rows/good.json
run batch -q --resume -o bad logs
same "a row whose report is a link is done again" "$status $(jq -r .format bad/rows/good.json)" "0 validate-report"
same "and what the link led to stays" "$(<secret)" secret
results
mv bad/batch.json bad/batch.json.part
ln -s "$PWD/secret" bad/batch.json.part.part
run batch -q --resume -o bad logs
same "a link where the state is written" "$status $(<secret)" "0 secret"

# ---- Manifests ----

manifest() { # MEMBERS
	printf '{"format": "validate-manifest", "version": 1, "jobs": [{"name": "job", %s}]}' "$1" >manifest
}
read_it=(batch -q -o some.results --manifest manifest)
mkfifo fifo
ln -s good.json link.json
manifest '"log": "fifo"'
refused "a log that is a FIFO" 'jobs\[0\].log: fifo: is not a regular file' "${read_it[@]}"
manifest '"log": "link.json"'
refused "a log that is a link" 'jobs\[0\].log: link.json: is a symbolic link' "${read_it[@]}"
manifest '"log": "/dev/zero"'
refused "a log that is a device" 'jobs\[0\].log: /dev/zero: is not a regular file' "${read_it[@]}"
manifest '"trace": "/proc/kmsg"'
refused "a trace in /proc" 'jobs\[0\].trace: /proc/kmsg: is not a regular file' "${read_it[@]}"
for option in junit sarif html trace baseline report annotate; do
	manifest "\"log\": \"good.json\", \"args\": [\"--$option\", \"$PWD/made\"]"
	refused "--$option in a manifest" "--$option is no option that a job may set" "${read_it[@]}"
	manifest "\"log\": \"good.json\", \"args\": [\"--$option=$PWD/made\"]"
	refused "--$option= in a manifest" "--$option=.* is no option that a job may set" "${read_it[@]}"
done
same "nothing was made of these" "$(ls -d made some.results 2>/dev/null)" ""

# ---- Logs and traces ----

dynamic=$(type -P true)
env -i "$VALIDATE" record -q -o dynamic.json -- "$dynamic"
library=$(grep -o '"path": "[^"]*libc\.so[^"]*"' dynamic.json | head -n 1 | cut -d '"' -f 4)
if [ -n "$library" ]; then
	run run -q --log dynamic.json
	same "a program with libraries" "$((status == 0 || status == 1))" 1
	cp "$library" library
	ln -s "$PWD/library" library.link
	for path in /proc/kmsg /dev/zero "$PWD/fifo" "$PWD/library.link"; do
		sed "s|\"path\": \"$library\"|\"path\": \"$path\"|" dynamic.json >bad.json
		run run --log bad.json
		same "a mapped file that is $path: status" $status 2
		matches "a mapped file that is $path" "$(cat out - <<<"$said")" "$path: is (not a regular file|a symbolic link)"
	done
	# Its size is compared before anything is read.
	truncate -s 1T huge
	sed "s|\"path\": \"$library\"|\"path\": \"$PWD/huge\"|" dynamic.json >bad.json
	run run --log bad.json
	matches "a mapped file of another size" "$(cat out - <<<"$said")" "huge: has changed since the log was recorded"
else
	untried "mapped files" "$dynamic maps no libc.so"
fi
cp "$guests/hello" hello && ln -s "$PWD/hello" hello.link
for path in /proc/kmsg /dev/zero "$PWD/fifo" "$PWD/hello.link"; do
	sed "s|\"path\": \"$guests/hello\"|\"path\": \"$path\"|" good.json >bad.json
	refused "a log's program that is $path" "$path: is (not a regular file|a symbolic link).*: or give PROGRAM" run --log bad.json
done
run run -q --log bad.json hello.link
same "a link that the user names" $status 0

# A log from a FIFO that nobody writes to, behind its header: the first signal is answered.
mkfifo slow
head -n 40 good.json >head.json
"$VALIDATE" run --log slow >out 2>said &
validator=$!
exec 9>slow
sed '/"events"/q' good.json >&9
for _ in {1..100}; do
	grep -q "^State:.*S (sleeping)" /proc/$validator/status 2>/dev/null && break
	sleep 0.1
done
sleep 0.5
kill -TERM $validator
for _ in {1..100}; do
	kill -0 $validator 2>/dev/null || break
	sleep 0.1
done
same "a log that does not come: ended by the first signal" "$(kill -0 $validator 2>/dev/null && echo still there)" ""
kill -KILL $validator 2>/dev/null
wait $validator 2>/dev/null
exec 9>&-

# ---- Unfinished files ----

echo mine >victim
unfinished() { # NAME FILE COMMAND...
	ln -sf "$PWD/victim" "$2.part"
	run "${@:3}"
	same "$1, with a link at $2.part" "$status $(<victim) $(readlink "$2.part") $([ -s "$2" ] && echo made)" \
		"0 mine $PWD/victim made"
	rm -f "$2" "$2.part"
	echo earlier >"$2.part"
	run "${@:3}"
	same "$1, with another's $2.part" "$status $(<"$2.part") $([ -s "$2" ] && echo made)" "0 earlier made"
	same "$1: nothing else is left" "$(compgen -G "$2.*.part")" ""
	rm -f "$2" "$2.part"
}
unfinished "record -o" new.json record -q -o new.json -- "$guests/hello"
unfinished "--trace" new.trace run -q --log good.json --trace new.trace
unfinished "--report" new.report run -q --log good.json --report new.report
run run -q --log good.json --report some.report
unfinished "baseline update" new.baseline baseline update -q --baseline new.baseline some.report
finish
