#!/usr/bin/env bash
# run-tests.sh counts what passed, failed and was skipped, and cannot be fooled by a crash, a hang or an empty suite.
. testdata/bin/cases.sh

make_scratch

program() { # NAME LINE...
	printf '%s\n' '#!/bin/sh' "${@:2}" >"$scratch/$1"
	chmod +x "$scratch/$1"
}

run() { # NAME...
	BUILD=$scratch TEST_SECONDS=2 TEST_JOBS=2 testdata/bin/run-tests.sh "${@/#/$scratch/}" 2>&1
}

# The last line, then the exit status.
closing() { # NAME...
	local output status

	output=$(run "$@")
	status=$?
	printf '%s (%s)' "$(tail -n 1 <<<"$output")" $status
}

program passes 'echo fine'
program passes_twelve 'echo "100%: Checks: 12, Failures: 0, Errors: 0"'
program two_suites 'echo "100%: Checks: 2, Failures: 0, Errors: 0"' 'echo "100%: Checks: 3, Failures: 0, Errors: 0"'
program fails_three 'echo "50%: Checks: 6, Failures: 1, Errors: 2"' 'exit 1'
program hides_failure 'echo "50%: Checks: 2, Failures: 1, Errors: 0"'
program crashes 'echo "100%: Checks: 4, Failures: 0, Errors: 0"' 'kill -SEGV $$'
program hangs 'sleep 60'
program skips 'echo "no such CPU"' 'exit 77'
program skips_parts 'echo "not tried: a: no b"' 'echo "not tried: c: no d"' 'echo "100%: Checks: 2, Failures: 0, Errors: 0"'
program fails_and_skips 'echo "50%: Checks: 2, Failures: 1, Errors: 0"' 'exit 77'
program runs_nothing 'echo "100%: Checks: 0, Failures: 0, Errors: 0"'
program reads 'read -r line && exit 1' 'exit 0'
# shellcheck disable=SC2016 # of the script that is written
printf '%s\n' '#!/bin/bash' '. testdata/bin/cases.sh' 'command() { [ "$2" != jsonschema ] && builtin command "$@"; }' \
	'same one 1 1' 'conforms "a report" nosuch.json a/report.schema.json' \
	'rejects_json "a wrong one" nosuch.json a/report.schema.json .' finish >"$scratch/no_schemas"
chmod +x "$scratch/no_schemas"
program fails_loudly 'echo to-stdout' 'echo to-stderr >&2' 'exit 3'

same "a plain program is a case" "$(closing passes)" "1 passed, 0 failed, 0 skipped (0)"
same "libcheck's cases are counted" "$(closing passes_twelve passes)" "13 passed, 0 failed, 0 skipped (0)"
same "all its summaries are" "$(closing two_suites)" "5 passed, 0 failed, 0 skipped (0)"
same "failures and errors fail" "$(closing fails_three)" "3 passed, 3 failed, 0 skipped (1)"
same "whatever the exit status" "$(closing hides_failure)" "1 passed, 1 failed, 0 skipped (1)"
same "a crash is a failure" "$(closing crashes)" "4 passed, 1 failed, 0 skipped (1)"
same "a hang is a failure" "$(closing hangs passes)" "1 passed, 1 failed, 0 skipped (1)"
same "a skip is counted" "$(closing skips passes)" "1 passed, 0 failed, 1 skipped (0)"
same "skipped parts are counted" "$(closing skips_parts)" "2 passed, 0 failed, 2 skipped (0)"
same "so are documents that nothing holds against their schema" "$(closing no_schemas)" "1 passed, 0 failed, 2 skipped (0)"
same "a skip hides no failure" "$(closing fails_and_skips)" "1 passed, 1 failed, 0 skipped (1)"
same "nothing but skips is no success" "$(closing skips)" "0 passed, 0 failed, 1 skipped (1)"
same "an empty suite fails" "$(closing runs_nothing passes)" "1 passed, 1 failed, 0 skipped (1)"
same "no tests are no success" "$(closing)" "0 passed, 0 failed, 0 skipped (1)"
same "a missing program fails" "$(closing no_such passes)" "1 passed, 1 failed, 0 skipped (1)"
same "there is nothing to read" "$(closing reads)" "1 passed, 0 failed, 0 skipped (0)"

matches "a line per program" "$(run passes)" "^ok +[0-9]+\.[0-9][0-9] s  passes"
matches "the reason of a skip" "$(run skips)" "skipped .* skips  no such CPU"
matches "what parts were skipped, and why" "$(run skips_parts)" "ok .* skips_parts.*skipped +skips_parts  a: no b"$'\n'"skipped +skips_parts  c: no d"
matches "which documents" "$(run no_schemas)" \
	"no_schemas  a report: by report.schema.json: there is no jsonschema.*  report.schema.json: a wrong one: there is no jsonschema"
matches "the output of a failure" "$(run fails_loudly)" "FAILED .* fails_loudly  exit status 3.*to-stdout.*to-stderr"
matches "the reason of a hang" "$(run hangs)" "hangs  stopped after 2 s"
finish
