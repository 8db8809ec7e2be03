# shellcheck shell=bash
# Test cases for scripts: a test sources this, calls same and matches, and ends with finish. The summary has libcheck's form,
# which run-tests.sh counts.

cases=0
failures=0

verdict() { # 0|1 NAME MESSAGE
	cases=$((cases + 1))
	if [ "$1" != 0 ]; then
		failures=$((failures + 1))
		printf 'failed: %s: %s\n' "$2" "$3"
	fi
}

# The actual text is the expected one.
same() { # NAME ACTUAL EXPECTED
	local bad=0

	[ "$2" = "$3" ] || bad=1
	verdict $bad "$1" "is \"$2\", expected \"$3\""
}

# The actual text matches an extended regular expression.
matches() { # NAME ACTUAL EXPRESSION
	local bad=0

	[[ $2 =~ $3 ]] || bad=1
	verdict $bad "$1" "\"$2\" does not match \"$3\""
}

finish() {
	echo "$(((cases - failures) * 100 / (cases ? cases : 1)))%: Checks: $cases, Failures: $failures, Errors: 0"
	[ "$failures" = 0 ] && [ "$cases" != 0 ]
	exit
}

# A folder of this test's own, which goes when the test ends.
make_scratch() {
	scratch=$(mktemp -d)
	trap 'rm -rf "$scratch"' EXIT
}
