#!/usr/bin/env bash
# validate explain, and command lines in general, against golden files: testdata/explain/NAME.txt has the command line after
# a "$ validate", then what is printed, standard error included, then "-> " and the exit status.
#
# The files are this program's own output, each read and found right against the manual before it was kept. After a change of the
# output, `testdata/tests/explain.sh --update` writes them again: read the difference.
. testdata/bin/cases.sh

needs

# A golden file as it should be now.
transcript() { # FILE
	local line words

	read -r line <"$1"
	read -ra words <<<"${line#\$ validate}"
	echo "$line"
	"$VALIDATE" "${words[@]}" 2>&1
	echo "-> $?"
}

for file in testdata/explain/*.txt; do
	actual=$(transcript "$file")
	if [ "${1-}" = --update ]; then
		echo "$actual" >"$file"
	fi
	same "$(basename "$file" .txt)" "$actual" "$(cat "$file")"
done

# A full disk is not success.
"$VALIDATE" help 2>/dev/null >/dev/full
same "exit status when output is lost" $? 2
finish
