#!/usr/bin/env bash
# The manual page has exactly the options that the program's own help has; all pages are right.
. testdata/bin/cases.sh

needs

# Long options, one a line, of a text on standard input.
options() {
	grep -oE -- '--[a-z][a-z-]*' | LC_ALL=C sort -u
}

# The same of options that have a letter: "-q, --quiet".
letters() {
	grep -oE -- '-[a-zA-Z], --[a-z][a-z-]*' | LC_ALL=C sort -u
}

# "record", "trace", "trace show": what stands before the options.
mapfile -t commands < <("$VALIDATE" --help | sed -n 's/^ *validate \([a-z ]*\) \[options\].*/\1/p' | sort -u)
help=$("$VALIDATE" --help)
for command in "${commands[@]}"; do
	read -ra words <<<"$command"
	help+=$("$VALIDATE" "${words[@]}" --help)
done
same "options" "$(sed 's/\\-/-/g' cmd/validate/validate.1 | options)" "$(options <<<"$help")"
same "letters of options" "$(sed 's/\\f[A-Z]//g; s/\\-/-/g; s/\\ / /g' cmd/validate/validate.1 | letters)" "$(letters <<<"$help")"
if command -v groff >/dev/null; then
	for page in cmd/validate/*.[1-8]; do
		same "$page is right" "$(groff -t -man -ww -Tutf8 "$page" 2>&1 >/dev/null)" ""
	done
else
	untried "the pages are right" "there is no groff"
fi
finish
