#!/usr/bin/env bash
# Faults known of emulators (testdata/known/*.rows): each row's guest on this CPU, then on every QEMU found, and the table.
#
#	known.sh make [NAME..]           the rows' guests, in $BUILD/known, and their list
#	known.sh native [NAME..]         a line for each row: NAME, right | wrong | lacks FEATURE | vendor
#	known.sh qemu PATH CPU [NAME..]  the same for an emulator, and what else it did: "wrong: signal 4"
#	known.sh named PATH CPU [NAME..] runs validate: named | and what else it said
#	known.sh table [NAME..]          all of it, for this CPU and every QEMU found
#
# QEMUs: the installed one, and those that QEMUS names (paths, between colons). NAME is a shell pattern; by default all.
# Exit status 1 of `table`: this CPU contradicts a row, or a QEMU does otherwise than a row says of its version.
#
# A row, in a .rows file, begins with "row NAME" and has
#	fault	what is wrong
#	manual	who says so
#	wrong	versions of QEMU that have it, without the last number
#	cpu	features that the guest needs, as testdata/known/features.c names them
#	vendor	the maker of the CPUs whose manual it is, where others may differ
# and then, indented, code in the assembler and by the macros of testdata/known/row.inc, to the next empty line.
set -uo pipefail

: "${BUILD:=build/rel}" "${VALIDATE:=$BUILD/validate}" "${QEMUS:=}"
export LC_ALL=C
known=testdata/known
out=$BUILD/known
limit=(timeout -k 5 "${KNOWN_SECONDS:-60}")

# list.tsv has a line for each row: name, versions, features, vendor, instruction, fault, manual.
split_rows() {
	rm -rf "$out/rows"
	mkdir -p "$out/rows"
	awk -v out="$out/rows" '
	function finish() {
		if (!name) return
		close(source)
		printf "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, f["wrong"] ? f["wrong"] : "-", f["cpu"] ? f["cpu"] : "-", \
			f["vendor"] ? f["vendor"] : "-", f["insn"] ? f["insn"] : insn, f["fault"], f["manual"]
		name = insn = ""
		split("", f)
	}
	/^#/ || /^$/ { next }
	/^row / { finish(); name = $2; source = out "/" name ".s"; printf "" >source; next }
	/^[a-z]/ { key = $1; sub(/^[a-z]+[ \t]+/, ""); f[key] = $0; next }
	{
		print >source
		if ($1 == "try") { insn = $0; sub(/^[ \t]*try[ \t]+/, "", insn); gsub(/[ \t]+/, " ", insn) }
	}
	END { finish() }' "$known"/*.rows >"$out/list.tsv"
}

# Made anew where the rows or the macros are newer.
make_guests() {
	local name

	mkdir -p "$out"
	[ -n "$(find "$known" testdata/bin/known.sh -newer "$out/done" 2>/dev/null)" ] || [ ! -e "$out/done" ] || return 0
	split_rows
	${CC:-cc} -static -O1 -o "$out/features" "$known/features.c" || return
	while IFS= read -r name; do
		{ cat "$known/row.inc" "$out/rows/$name.s" && printf '\tjmp\tright\n'; } >"$out/$name.S" &&
			${CC:-cc} -nostdlib -static -no-pie -x assembler -o "$out/$name" "$out/$name.S" || return
	done < <(cut -f1 "$out/list.tsv")
	touch "$out/done"
}

# The rows whose names match one of the patterns: the lines of the list.
chosen() { # [NAME..]
	local line pattern

	[ $# != 0 ] || set -- '*'
	while IFS= read -r line; do
		for pattern; do
			# shellcheck disable=SC2053 # a pattern
			[[ ${line%%$'\t'*} == $pattern ]] || continue
			printf '%s\n' "$line"
			break
		done
	done <"$out/list.tsv"
}

# Runs the chosen guests by a command, none for this CPU.
run_guests() { # COMMAND-WORDS -- [NAME..]
	local command=() name versions features vendor rest feature has status

	while [ "$1" != -- ]; do command+=("$1") && shift; done
	shift
	has=" $("${limit[@]}" "${command[@]}" "$out/features") " || return
	while IFS=$'\t' read -r name versions features vendor rest; do
		: "$versions" "$rest"
		for feature in $features $vendor; do
			[[ $feature == - || $has == *" $feature "* ]] && continue
			printf '%s\tlacks %s\n' "$name" "$feature"
			continue 2
		done
		# A shell of its own, for what the shell says of a signal.
		("${limit[@]}" "${command[@]}" "$out/$name" </dev/null >/dev/null; exit) 2>/dev/null
		status=$?
		case $status in
		0) printf '%s\tright\n' "$name" ;;
		1) printf '%s\twrong\n' "$name" ;;
		124 | 137) printf '%s\twrong: does not end\n' "$name" ;;
		1[3-9]?) printf '%s\twrong: signal %d\n' "$name" $((status - 128)) ;;
		*) printf '%s\twrong: status %d\n' "$name" $status ;;
		esac
	done < <(chosen "$@")
}

case ${1:-} in
make) make_guests ;;
native) make_guests && run_guests -- "${@:2}" ;;
qemu) make_guests && run_guests "$2" -cpu "$3" -- "${@:4}" ;;
*) exit 2 ;;
esac
