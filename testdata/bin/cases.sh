# shellcheck shell=bash
# Test cases for scripts: a test sources this, calls same and matches, and ends with finish. The summary has libcheck's form,
# which run-tests.sh counts.

# As `make check` has them, for a test that is run by hand.
: "${BUILD:=build/rel}" "${VALIDATE:=$BUILD/validate}"

# For a command that should end by itself: a limit against a hang alone. The machine may be busy with others' work.
: "${HANG_SECONDS:=900}"

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

# ---- JSON and its schemas ----

top=$PWD

# Succeeds where all of the commands are there; else says which is not, and that WHAT is not tried for that.
have() { # WHAT COMMAND...
	local command

	for command in "${@:2}"; do
		command -v "$command" >/dev/null && continue
		untried "$1" "there is no $command"
		return 1
	done
}

# The document is there, and what its schema says.
conforms() { # NAME FILE SCHEMA
	local said

	have "$1: by ${3##*/}" jsonschema || return 0
	said=$(jsonschema -i "$2" "$top/$3" 2>&1)
	verdict $? "$1: by ${3##*/}" "$said"
}

# The schema notices when a document is spoilt by a jq expression.
rejects_json() { # NAME FILE SCHEMA EXPRESSION
	local status

	have "${3##*/}: $1" jsonschema jq || return 0
	jq "$4" "$2" >"$2.spoilt"
	same "$1: the script spoils something" "$(cmp -s <(jq . "$2") "$2.spoilt" && echo same)" ""
	jsonschema -i "$2.spoilt" "$top/$3" >/dev/null 2>&1
	status=$?
	rm -f "$2.spoilt"
	same "${3##*/}: $1" $status 1
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

# The same as current folder. The program is found from there, $guests are the shipped guests' folder, and $helpers that
# of programs for tests.
enter_scratch() {
	make_scratch
	# shellcheck disable=SC2034 # tests use it
	guests=$(realpath "$BUILD")/guests helpers=$(realpath "$BUILD")/testdata/helpers
	VALIDATE=$(realpath "$VALIDATE")
	cd "$scratch" || exit 1
}

# ---- What a test needs ----

# The test cannot run here.
skip() { # REASON
	echo "$1"
	exit 77
}

# A part of the test that cannot run here: counted as skipped, and shown.
untried() { # WHAT REASON
	echo "not tried: $1: $2"
}

# Prints the first feature that the guest bmi executes and this CPU does not have, so that it cannot be recorded.
lacking_for_bmi() {
	local flag

	for flag in bmi1 adx sse4_2; do
		grep -qw $flag /proc/cpuinfo && continue
		echo $flag
		return
	done
}

# Skips the test unless the program is there, and all of these: x86_64, this machine; bmi, a CPU that executes that guest;
# commands.
needs() { # WHAT...
	local what flag

	[ -x "$VALIDATE" ] || skip "there is no $VALIDATE"
	for what; do
		case $what in
		x86_64) [ "$(uname -m)" = x86_64 ] || skip "this is no x86-64 machine" ;;
		bmi)
			flag=$(lacking_for_bmi)
			[ -z "$flag" ] || skip "this CPU has no $flag, which the guest bmi needs to be recorded"
			;;
		*) command -v "$what" >/dev/null || skip "there is no $what" ;;
		esac
	done
}
