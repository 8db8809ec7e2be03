#!/usr/bin/env bash
# check-layers.sh finds each kind of wrong #include, where it is, and nothing in a right tree.
. testdata/bin/cases.sh

make_scratch
top=$PWD

file() { # PATH LINE...
	mkdir -p "$scratch/${1%/*}"
	printf '%s\n' "${@:2}" >"$scratch/$1"
}

check() {
	"$top/testdata/bin/check-layers.sh" "$scratch" 2>&1
}

# Adds a file to the right tree, and takes it away again.
rejects() { # NAME PATH EXPECTED LINE...
	local output status

	file "$2" "${@:4}"
	output=$(check)
	status=$?
	same "$1" "$output ($status)" "$2:$3 (1)"
	rm "$scratch/$2"
}

file lib/base/error.h '#include <stdint.h>'
file lib/expr/expr.h '#include "lib/base/error.h"'
file lib/expr/op.def '/* #include "no/such.h" would be a comment */'
file lib/expr/expr_test.c '#include "lib/testing/assert.h"' '#include "lib/oracle/oracle.h"' '#include <check.h>'
file lib/testing/assert.h '#include <check.h>' '#include "lib/base/error.h"'
file lib/elf/image.c '#include <libelf.h>' '#include <gelf.h>' '#include <elf.h>'
file lib/oracle/oracle.h '#include "arch/arch.h"'
file lib/rsp/tdesc.c '#include <expat.h>'
file lib/trace/qemu_log.c '{"x86_64", "RAX"},'
file lib/rsp/tdesc_test.c 'isa_by_name("x86_64")'
file lib/target/unicorn.h '#include <unicorn/unicorn.h>' '#include <elf.h>'
file lib/report/report.c '#include <jansson.h>' '#  include "lib/oracle/oracle.h"'
file arch/arch.h '#include "lib/expr/expr.h"' '#include "lib/expr/op.def"'
file arch/x86_64/lift.h '#include <capstone/capstone.h>' '#include "arch/arch.h"'
file arch/aarch64/lift.h
file cmd/validate/main.c '#include "lib/report/report.c"'
same "a right tree" "$(check)" ""

rejects "upwards" lib/base/up.c "2: base includes expr, which is above it" '' '#include "lib/expr/expr.h"'
rejects "upwards from a .def" lib/expr/up.def "1: expr includes arch, which is above it" '#include "arch/arch.h"'
rejects "within a group, against the order" lib/evlog/up.h "1: evlog includes oracle, which is above it" \
	'#include "lib/oracle/oracle.h"'
rejects "from arch" arch/up.c "1: arch includes oracle, which is above it" '#include "lib/oracle/oracle.h"'
rejects "between ISAs" arch/aarch64/other.c "1: arch/aarch64 includes arch/x86_64" '#include "arch/x86_64/lift.h"'
rejects "between ISAs, in a test" arch/aarch64/other_test.c "1: arch/aarch64 includes arch/x86_64" \
	'#include "arch/x86_64/lift.h"'
rejects "an ISA by name" lib/target/isa.c "1: only arch knows of arch/x86_64; include arch/arch.h" \
	'#include "arch/x86_64/lift.h"'
rejects "an ISA by name, from cmd" cmd/validate/isa.c "1: only arch knows of arch/x86_64; include arch/arch.h" \
	'#include "arch/x86_64/lift.h"'
rejects "an ISA's name in a string" lib/lockstep/name.c "2: names an ISA; only the places in the checklist of arch/arch.h do" \
	'/* "x86_64" in a comment says nothing */' 'if (!strcmp(isa->name, "aarch64"))'
rejects "lib/testing in the program" lib/base/testing.c "1: lib/testing is for tests alone" \
	'#include "lib/testing/assert.h"'
rejects "libcheck in the program" lib/base/check.c "1: <check.h> belongs to testing alone" '#include <check.h>'
rejects "jansson" lib/record/json.c "3: <jansson.h> belongs to evlog report batch cmd alone" '' '' '#include <jansson.h>'
rejects "capstone" lib/expr/cs.c "1: <capstone/x86.h> belongs to arch alone" '#include <capstone/x86.h>'
rejects "unicorn" arch/uc.c "1: <unicorn/unicorn.h> belongs to target alone" '#include <unicorn/unicorn.h>'
rejects "libelf" lib/evlog/elf.c "1: <libelf.h> belongs to elf alone" '#include <libelf.h>'
rejects "libelf's other header, in a test" lib/record/elf_test.c "1: <gelf.h> belongs to elf alone" '#include <gelf.h>'
rejects "expat" lib/target/xml.c "1: <expat.h> belongs to rsp report alone" '#include <expat.h>'
rejects "zstd" lib/diff/zstd.c "1: <zstd.h> belongs to trace alone" '#include <zstd.h>'
rejects "liblzma" lib/trace/lzma.c "1: <lzma.h> belongs to oracle alone" '#include <lzma.h>'
rejects "nettle" lib/evlog/sha.c "1: <nettle/sha2.h> belongs to base alone" '#include <nettle/sha2.h>'
rejects "a path that is not root-relative" lib/base/near.c '1: "error.h" is not relative to the top folder' \
	'#include "error.h"'
rejects "a file that is not there" lib/expr/none.c "1: there is no lib/base/none.h" '#include "lib/base/none.h"'
rejects "our own as a system header" lib/expr/angle.c "1: our own lib/base/error.h is included as a system header" \
	'#include <lib/base/error.h>'
rejects "a folder without a place" lib/misc/misc.c "1: misc has no place in the order of layers" ''

mkdir "$scratch/empty"
"$top/testdata/bin/check-layers.sh" "$scratch/empty" >/dev/null 2>&1
same "nothing to check" $? 2
finish
