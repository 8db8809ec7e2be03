#!/usr/bin/env bash
# The manual page has exactly the options that the program's own help has.
. testdata/bin/cases.sh

if [ ! -x "$VALIDATE" ]; then
	echo "there is no $VALIDATE"
	exit 77
fi

# Long options, one a line, of a text on standard input.
options() {
	grep -oE -- '--[a-z][a-z-]*' | LC_ALL=C sort -u
}

commands=$("$VALIDATE" --help | sed -n 's/^ *validate \([a-z]\{2,\}\) .*/\1/p' | sort -u)
help=$("$VALIDATE" --help)
for command in $commands; do
	help+=$("$VALIDATE" "$command" --help)
done
same "options" "$(sed 's/\\-/-/g' cmd/validate/validate.1 | options)" "$(options <<<"$help")"
if command -v groff >/dev/null; then
	same "the page is right" "$(groff -man -ww -Tutf8 cmd/validate/validate.1 2>&1 >/dev/null)" ""
fi
finish
