#!/usr/bin/env bash
# Faults known of emulators (testdata/known/*.rows): each row's guest on this CPU, then on every QEMU found, and the table.
#
#	known.sh make [NAME..]           the rows' guests, in $BUILD/known, and their list
#	known.sh native [NAME..]         a line for each row: NAME, right | wrong | lacks FEATURE | vendor
#	known.sh qemu PATH CPU [NAME..]  the same for an emulator, and what else it did: "wrong: signal 4"
#	known.sh named PATH CPU NAME..   runs validate: named | what else it said
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
#	like	a row whose fault may have the same cause: a maintainer might take both for one
#	insn	how the instruction is told, where the assembler has no text for it
# and then, indented, code in the assembler and by the macros of testdata/known/row.inc, to the next empty line.
set -uo pipefail

: "${BUILD:=build/rel}" "${VALIDATE:=$BUILD/validate}" "${QEMUS:=}"
export LC_ALL=C
known=testdata/known
out=$BUILD/known
limit=(timeout -k 5 "${KNOWN_SECONDS:-60}")

# list.tsv has a line for each row: name, versions, features, vendor, instruction, fault, manual, and the
# row that it is like.
split_rows() {
	rm -rf "$out/rows"
	mkdir -p "$out/rows"
	awk -v out="$out/rows" '
	function finish() {
		if (!name) return
		close(source)
		printf "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, f["wrong"] ? f["wrong"] : "-", f["cpu"] ? f["cpu"] : "-", \
			f["vendor"] ? f["vendor"] : "-", f["insn"] ? f["insn"] : insn, f["fault"], f["manual"], \
			f["like"] ? f["like"] : name
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
	has=" $("${limit[@]}" "${command[@]}" "$out/features") " || {
		echo "known.sh: ${command[*]} $out/features: exit status $?" >&2
		return 2
	}
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

# A row's run on this CPU, to be followed by validate.
record_row() { # NAME
	[ -e "$out/$1.json" ] && [ ! "$out/$1" -nt "$out/$1.json" ] && return
	"${limit[@]}" "$VALIDATE" record -q -o "$out/$1.json" -- "$out/$1" >/dev/null 2>&1 || rm -f "$out/$1.json"
}

# What the first finding of a report is about: the row's instruction, another, or none.
# shellcheck disable=SC2016 # jq's variables
first_finding='
	(.findings[0] // null) as $f
	| if $f and $f.symbol == "tested" then "named"
	elif $f then "names \($f.text) instead"
	elif .unmodelled != [] then "no model of \(.unmodelled[0].mnemonic)"
	else "missed: \(.verdict)" end'

# A line for each of the rows: its name, and what validate makes of it.
run_validate() { # QEMU CPU NAME..
	local name said

	for name in "${@:3}"; do
		record_row "$name"
		rm -f "$out/report.json"
		if [ -e "$out/$name.json" ]; then
			"${limit[@]}" "$VALIDATE" -q --log "$out/$name.json" --emulator "$1" --cpu "$2" --stop-on-first \
				--report "$out/report.json" >/dev/null 2>&1 </dev/null
			said=$(jq -r "$first_finding" "$out/report.json" 2>/dev/null)
		else
			said="not recorded"
		fi
		printf '%s\t%s\n' "$name" "${said:-no report}"
	done
}

# ---- The table ----

find_qemus() {
	local qemu named

	IFS=: read -ra named <<<"$QEMUS"
	for qemu in "$(command -v qemu-x86_64)" "${named[@]}"; do
		[ -x "$qemu" ] && printf '%s\n' "$qemu"
	done
}

# Runs one QEMU as CPU model max, and as its default: files VERSION.max, VERSION.qemu64, VERSION.named.
try_qemu() { # QEMU VERSION [NAME..]
	local with

	run_guests "$1" -cpu max -- "${@:3}" >"$out/$2.max" && run_guests "$1" -cpu qemu64 -- "${@:3}" >"$out/$2.qemu64" || return
	mapfile -t with < <(sed -n 's/\twrong.*//p' "$out/$2.max")
	run_validate "$1" max "${with[@]}" >"$out/$2.named"
}

# Reads native, list.tsv and each version's files, in this order.
# shellcheck disable=SC2016 # awk's variables
tabulate='
	function series(version) { sub(/\.[0-9]+$/, "", version); return version }
	function said(name, version) { return index(" " wrong[name] " ", " " series(version) " ") > 0 }
	function note(text) { notes = notes "\n  " text; status = 1 }
	function cell(name, version,	r, named) {
		r = result[version ".max", name]
		if (r ~ /^lacks/) { count[version, "not tried"]++; return "not tried: its CPU " r }
		if (known[series(version)] && (r != "right") != said(name, version))
			note(name ": QEMU " version " is " r ", and the row says otherwise")
		if (r == "right") { count[version, "right"]++; return "right" }
		count[version, "has it"]++
		count[version, "cause"] += !seen[version, cause[name]]++
		named = result[version ".named", name]
		sub(/ of .*| instead/, "", named)
		count[version, named ~ /^names/ ? "other" : named]++
		sub(/^wrong:? ?/, "", r)
		return "has it" (r ? " (" r ")" : "") ", " result[version ".named", name]
	}
	FNR == 1 { part = FILENAME; sub(/.*\//, "", part) }
	part == "list.tsv" {
		order[++rows] = $1; wrong[$1] = $2; insn[$1] = $5; fault[$1] = $6; manual[$1] = $7; cause[$1] = $8
		n = split($2, list, " ")
		for (i = 1; i <= n; i++) known[list[i]] = 1
		next
	}
	{ result[part, $1] = $2 }
	END {
		num = split(versions, version, " ")
		for (k = 1; k <= rows; k++) {
			name = order[k]
			if (!(("native", name) in result)) continue
			native = result["native", name]
			if (native ~ /^wrong/) note(name ": this CPU is " native)
			here[native ~ /^lacks/ ? "not tried" : native]++
			printf "%s: %s\n  %s\n  %s\n  this CPU: %s\n", name, insn[name], fault[name], manual[name],
				native ~ /^lacks/ ? "not tried: it " native : native
			for (i = 1; i <= num; i++) {
				printf "  QEMU %s: %s\n", version[i], cell(name, version[i])
				other = result[version[i] ".qemu64", name]
				if (other ~ /^lacks/) few[version[i], "not tried"]++
				else few[version[i], other == "right" ? "right" : "has it"]++
			}
		}
		printf "\nthis CPU: %d right, %d wrong, %d not tried\n", here["right"], here["wrong"], here["not tried"]
		for (i = 1; i <= num; i++) {
			v = version[i]
			printf "QEMU %s\n", v
			printf "  -cpu max: has %d, of at least %d causes; %d right, %d not tried\n", count[v, "has it"],
				count[v, "cause"], count[v, "right"], count[v, "not tried"]
			printf "  -cpu qemu64: has %d; %d right, %d not tried: that CPU lacks the instruction\n", few[v, "has it"],
				few[v, "right"], few[v, "not tried"]
			printf "  validate names %d of the %d; %d were not judged: no model\n", count[v, "named"],
				count[v, "has it"], count[v, "no model"]
		}
		if (notes) print "\ncontradicted:" notes
		exit status
	}'

table() { # [NAME..]
	local qemu version files=() versions=()

	run_guests -- "$@" >"$out/native" || return
	while IFS= read -r qemu; do
		version=$("$qemu" --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')
		try_qemu "$qemu" "$version" "$@" || return
		versions+=("$version")
		files+=("$out/$version.max" "$out/$version.qemu64" "$out/$version.named")
	done < <(find_qemus)
	awk -F '\t' -v versions="${versions[*]}" "$tabulate" "$out/list.tsv" "$out/native" "${files[@]}"
}

make_guests || exit 2
case ${1:-} in
make) ;;
native) run_guests -- "${@:2}" ;;
qemu) run_guests "$2" -cpu "$3" -- "${@:4}" ;;
named) run_validate "${@:2}" ;;
table) table "${@:2}" ;;
*) exit 2 ;;
esac
