#!/usr/bin/env bash
# Proves from the #include lines of a tree that its layers point one way: check-layers.sh [TREE]
#
# A file includes its own layer and those before it in the order below, nothing after it. Tests (*_test.c and lib/testing)
# are linked into no program and may look anywhere for the truth, but the rules on ISAs and on libraries hold for them too.
# Prints FILE:LINE: MESSAGE for each violation; exit status 1 if there is one.
set -euo pipefail

cd "${1:-.}"
mapfile -t files < <(find . -path './build' -prune -o -path './[acl]*/*' \( -name '*.[ch]' -o -name '*.def' \) -printf '%P\n' |
	grep -E '^(arch|cmd|lib)/' | LC_ALL=C sort)
if [ ${#files[@]} = 0 ]; then
	echo "check-layers.sh: nothing to check in $PWD" >&2
	exit 2
fi

awk '
BEGIN {
	n = split("base sandbox elf fp expr arch state lift sys evlog trace rsp oracle target record replay run judge lockstep diff report batch cmd", order, " ")
	for (i = 1; i <= n; i++)
		rank[order[i]] = i
	# Libraries by their header: the layers that may know of them.
	users["jansson.h"] = "evlog report batch cmd"
	users["capstone/"] = "arch"
	users["unicorn/"] = "target"
	users["nettle/"] = "base"
	users["lzma.h"] = "oracle"
	users["libelf.h"] = "elf"
	users["gelf.h"] = "elf"
	users["expat.h"] = "rsp report" # in report tests alone read what it writes
	users["seccomp.h"] = "sandbox"
	users["zstd.h"] = "trace"
	users["check.h"] = "testing"
	users["mpfr.h"] = "testing"
}

function violation(message) {
	printf "%s:%d: %s\n", FILENAME, FNR, message
	bad = 1
}

# lib/state/state.h -> state; arch/x86_64/flags.c -> arch; cmd/validate/main.c -> cmd
function layer(path, parts) {
	split(path, parts, "/")
	return parts[1] == "lib" ? parts[2] : parts[1]
}

# arch/x86_64/flags.c -> x86_64; nothing for arch/arch.h and for other layers
function isa(path, parts) {
	return split(path, parts, "/") > 2 && parts[1] == "arch" ? parts[2] : ""
}

function has_word(words, word) {
	return index(" " words " ", " " word " ")
}

function check_system(path, library) {
	for (library in users)
		if (index(path, library) == 1 && !has_word(users[library], from) && !(is_test && users[library] == "testing"))
			violation("<" path "> belongs to " users[library] " alone")
	if (path ~ /^(lib|arch|cmd|testdata)\//)
		violation("our own " path " is included as a system header")
}

function check_own(path, to) {
	to = layer(path)
	if (path !~ /^(lib|arch|cmd)\/./) {
		violation("\"" path "\" is not relative to the top folder")
		return
	}
	if ((getline line < path) < 0)
		violation("there is no " path)
	close(path)
	if (to == "testing") {
		if (!is_test)
			violation("lib/testing is for tests alone")
		return
	}
	if (!(to in rank))
		violation(to " has no place in the order of layers")
	else if (!is_test && from in rank && rank[to] > rank[from])
		violation(from " includes " to ", which is above it")
	if (isa(path) != "" && from != "arch")
		violation("only arch knows of arch/" isa(path) "; include arch/arch.h")
	if (isa(path) != "" && isa(FILENAME) != "" && isa(path) != isa(FILENAME))
		violation("arch/" isa(FILENAME) " includes arch/" isa(path))
}

# Outside of arch an ISA is named where the porting checklist of arch/arch.h says.
function may_name_isa() {
	return is_test || from == "arch" || from == "oracle" || FILENAME ~ /^lib\/target\/(native|unicorn_[a-z0-9_]*)\.c$/ ||
		FILENAME == "lib/trace/qemu_log.c"
}

FNR == 1 {
	from = layer(FILENAME)
	is_test = FILENAME ~ /_test\.c$/ || from == "testing"
	if (!(from in rank) && from != "testing")
		violation(from " has no place in the order of layers")
}

/^[^*]*"(x86_64|aarch64)"/ && !may_name_isa() {
	violation("names an ISA; only the places in the checklist of arch/arch.h do")
}

/^[ \t]*#[ \t]*include[ \t]*["<]/ {
	path = $0
	system_header = path ~ /include[ \t]*</
	sub(/^[^"<]*["<]/, "", path)
	sub(/[">].*/, "", path)
	if (system_header)
		check_system(path)
	else
		check_own(path)
}

END { exit bad }
' "${files[@]}"
