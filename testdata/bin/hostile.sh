# shellcheck shell=bash
# Broken and hostile files. A test sources this after cases.sh; the functions work in its scratch folder.
#
# A file is refused with status 2 and one line that names the file, the place and the remedy; or it is taken, and what comes
# of it is an answer. Nothing crashes, hangs, or takes memory without end.

RANDOM=4711

# Of address space: unicorn alone maps 1 GiB. The address sanitizer maps terabytes.
memory_kib=$((3 << 20))
[[ $BUILD == */asan* ]] && memory_kib=unlimited

# good.json, the log of a clean run, and bmi.json, that of a run with findings where there can be one.
record_logs() {
	# shellcheck disable=SC2154 # guests: of cases.sh
	env -i "$VALIDATE" record -q -o good.json -- "$guests/hello" >/dev/null
	if [ -z "$(lacking_for_bmi)" ]; then
		env -i "$VALIDATE" record -q -o bmi.json -- "$guests/bmi" >/dev/null
	else
		cp good.json bmi.json
	fi
}

# Leaves the exit status in $status, what was said on standard error in $said, and standard output in the file out.
run() { # COMMAND...
	said=$(
		ulimit -v $memory_kib
		timeout -s KILL "$HANG_SECONDS" "$VALIDATE" "$@" 2>&1 >out </dev/null
	)
	status=$?
}

# Refused in one line that matches.
refused() { # NAME EXPRESSION COMMAND...
	run "${@:3}"
	same "$1: status" $status 2
	matches "$1" "$said" "^validate: [^[:cntrl:]]*$2[^[:cntrl:]]*$"
}

# Whatever comes out is an answer: a status of the man page's, and text without control characters.
answered() { # NAME COMMAND...
	run "${@:2}"
	if ((status > 5)) || LC_ALL=C grep -q '[[:cntrl:]]' <<<"$said" || [ ${#said} -gt 2000 ]; then
		verdict 1 "$1" "status $status, said \"$said\""
		return
	fi
	if LC_ALL=C tr -d '\n\t' <out | LC_ALL=C grep -q '[[:cntrl:]]'; then
		verdict 1 "$1" "it prints control characters: $(tr -d '\n' <out | cat -v | head -c 500)"
		return
	fi
	verdict 0 "$1" ""
}

# The file bad with one bit of good changed.
flip() { # GOOD BAD
	local at=$(((RANDOM << 15 | RANDOM) % $(wc -c <"$1"))) byte

	byte=$(od -An -tu1 -j $at -N 1 "$1")
	cp "$1" "$2"
	printf '%b' "$(printf '\\x%02x' $((byte ^ 1 << RANDOM % 8)))" | dd of="$2" bs=1 seek=$at conv=notrunc status=none
}

# Cut at every STEPth byte. The file is the command's last word, or stands where one is FILE.
cut_short() { # NAME GOOD STEP EXPRESSION COMMAND...
	local len bad=0 words=("${@:5}") i

	[[ " ${words[*]} " == *" FILE "* ]] || words+=(FILE)
	for i in "${!words[@]}"; do
		[ "${words[i]}" != FILE ] || words[i]=cut-$2
	done
	for ((len = 0; len < $(wc -c <"$2") - 1; len += $3)); do
		head -c $len "$2" >"cut-$2"
		run "${words[@]}"
		if [ $status != 2 ] || ! [[ $said =~ ^validate:\ cut-$2:[^[:cntrl:]]*$4[^[:cntrl:]]*$ ]]; then
			bad=1
			verdict 1 "$1, cut at $len" "status $status, said \"$said\""
		fi
	done
	verdict $bad "$1, cut anywhere" "see above"
}

# What no reader takes. The file is as of cut_short.
no_such_file() { # KIND EXPRESSION-IF-EMPTY COMMAND...
	local words=("${@:3}") at i

	[[ " ${words[*]} " == *" FILE "* ]] || words+=(FILE)
	for i in "${!words[@]}"; do
		[ "${words[i]}" != FILE ] || at=$i
	done
	try() { # NAME FILE EXPRESSION
		words[at]=$2
		refused "$1" "$3" "${words[@]}"
	}
	: >empty
	try "an empty $1" empty "empty:.*$2"
	head -c 300000 /dev/zero | tr '\0' '[' >deep
	try "deep nesting for $1" deep deep
	head -c 20000 /dev/urandom >noise
	try "noise for $1" noise noise
	try "a folder for $1" . '\.'
	try "zeros without end for $1" /dev/zero /dev/zero
	try "no file for $1" nowhere 'nowhere.*(No such file|is not there)'
}

# The file bad, which sed makes of a good one, is refused. The command is COMMAND... bad.
spoilt() { # NAME GOOD SED EXPRESSION COMMAND...
	sed -E "$3" "$2" >bad
	cmp -s "$2" bad && verdict 1 "$1" "the script changes nothing"
	refused "$1" "$4" "${@:5}" bad
}

# A document of many values, which would take many times their size in memory: VALUES in what sed makes of a good one.
many_values() { # SED GOOD
	yes '{},' | head -n 4000000 | tr -d '\n' >values
	sed "$1" "$2" | awk 'BEGIN { getline values <"values" } { sub(/VALUES/, values) } 1' >bad
}
