# shellcheck shell=bash
# Programs that nobody here wrote, on small files: recorded, replayed, judged. A test sources this after cases.sh.

needs x86_64 busybox jq

busybox=$(command -v busybox)
# Options of validate record.
via=()
# For a run of some 50,000 instructions on a machine that does other things as well.
: "${RUN_SECONDS:=$HANG_SECONDS}"
# Mnemonics that have no model yet, as an extended regular expression: none on x86-64.
no_model='^$'

make_scratch
: "${scratch:?}"
VALIDATE=$(realpath "$VALIDATE")
cd "$scratch" || exit 1

make_files() { # LINES
	seq "$1" | sed 's/.*/the & quick brown foxes/' >text
	busybox gzip -c text >text.gz
	mkdir -p tree/branch
	cp text tree/leaf
	cp text.gz tree/branch/leaf.gz
}

# Runs a program and keeps NAME.json, its log, and NAME.out, what it printed. Its environment is empty: what a C library does
# with it is work that every program repeats.
record() { # NAME PROGRAM ARG...
	env -i timeout -s KILL "$RUN_SECONDS" "$VALIDATE" record -q "${via[@]}" -o "$1.json" -- "${@:2}" >"$1.out" 2>"$1.err"
	same "$1 is recorded" "$? $(<"$1.err")" "0 "
}

# One of busybox's applets by its name. The files are make_files'.
# shellcheck disable=SC2016 # awk's variables, and perl's below
record_applet() { # NAME
	case $1 in
	sha256sum | md5sum | sort) record "$1" "$busybox" "$1" text ;;
	gzip) record gzip "$busybox" gzip -c text ;;
	gunzip) record gunzip "$busybox" gunzip -c text.gz ;;
	awk) record awk "$busybox" awk '{ n += $2 } END { print n, NR }' text ;;
	sed) record sed "$busybox" sed 's/q[a-z]*k/slow/' text ;;
	grep) record grep "$busybox" grep -r 1.quick tree ;;
	find) record find "$busybox" find tree -type f ;;
	tar) record tar "$busybox" tar -cvf archive.tar tree ;;
	*) verdict 1 "$1" "is no applet of this test" ;;
	esac
}

# shellcheck disable=SC2016
record_dynamic() { # NAME
	case $1 in
	ls) record ls "$(command -v ls)" -l tree ;;
	sort) record sort "$(command -v sort)" -r text ;;
	xz) record xz "$(command -v xz)" -c text ;;
	perl) record perl "$(command -v perl)" -e 'print join(" ", map { 2 * $_ } 1 .. 9), "\n"' ;;
	*) verdict 1 "$1" "is no program of this test" ;;
	esac
}

# Replays a log. Leaves the exit status in $status, the report in NAME.report, what the guest printed in NAME.printed.
judge() { # NAME OPTION...
	timeout -s KILL "$RUN_SECONDS" "$VALIDATE" --log "$1.json" -q --show-output --report "$1.report" "${@:2}" \
		>"$1.printed" 2>"$1.err"
	status=$?
}

field() { # NAME JQ-EXPRESSION
	jq -r "$2" "$1.report" 2>&1
}

# What the run found and what it had no model of, for the message of a failed case.
summary() { # NAME
	field "$1" '[.verdict, .error, .lost_sync, (.unmodelled + .findings + .partly_seen | .[] | .form // .mnemonic)] | @json'
	cat "$1.err"
}

# Judged to the program's own end, which printed what it printed natively.
ended() { # NAME
	same "$1 comes to its end" "$(field "$1" '[.guest.exit_status, .lost_sync, .error] | @json')" '[0,null,null]'
	cmp -s "$1.out" "$1.printed"
	verdict $? "$1" "the replay does not print what was recorded"
	verdict "$(($(field "$1" .checked) > 10000 ? 0 : 1))" "$1" "only $(field "$1" .checked) instructions were checked"
}

# No finding, and nothing that was not judged but what lies behind a limit.
clean() { # NAME
	local reasons
	same "findings of $1" "$(field "$1" '.findings[].form')" ""
	same "what has no model in $1" "$(field "$1" '.unmodelled[].mnemonic' | grep -vE "$no_model")" ""
	reasons=$(field "$1" '.reasons | join(" ")')
	if [ -z "$reasons" ]; then
		same "verdict of $1" "$status $(summary "$1")" '0 ["clean",null,null]'
	elif [ "$reasons" = max-instructions ]; then
		same "verdict of $1" "$status $(summary "$1")" '0 ["incomplete",null,null]'
	else
		same "verdict of $1" "$status $(field "$1" .verdict)" "0 incomplete"
	fi
}
