#!/usr/bin/env bash
# deps.sh finds what is missing and installs exactly that, with stand-ins for apt-get, sudo and id on PATH.
. testdata/bin/cases.sh

make_scratch
mkdir "$scratch/bin"
log=$scratch/log

stub() { # NAME LINE...
	printf '%s\n' '#!/bin/bash' "${@:2}" >"$scratch/bin/$1"
	chmod +x "$scratch/bin/$1"
}

# Only these and bash's own are on PATH.
for tool in env bash ln; do
	ln -s "$(command -v $tool)" "$scratch/bin/$tool"
done
stub id 'echo 0'
stub pkg-config "[ \"\$2\" = present ]"
stub python3 "[[ \$2 = 'import present' ]]"
stub apt-get "echo \"apt-get \$* (\$DEBIAN_FRONTEND)\" >>$log" \
	"if [[ \$* == *install* && \$* == *broken* ]]; then exit 100; fi" \
	"if [[ \$* == *install* && \$* == *tool-package* ]]; then ln -sf /bin/true $scratch/bin/tool; fi"

deps() {
	: >"$log"
	PATH=$scratch/bin PKG_CONFIG=pkg-config "$(command -v bash)" testdata/bin/deps.sh "$@" 2>&1
}

same "nothing is missing" "$(deps missing module/present:a python/present:b command/bash:c)" ""
same "and nothing is installed" "$(deps install module/present:a command/bash:b)$(cat "$log")" ""
same "what is missing" "$(deps missing module/absent:a python/absent:b command/bash:c command/none:d)" $'a\nb\nd'
stub linking-cc '[[ $* == *-static* ]]'
stub bare-cc 'exit 1'
same "a compiler without a C library" "$(deps missing libc/linking-cc:a libc/bare-cc:b libc/no-cc:c)" $'b\nc'
matches "a need of an unknown kind" "$(deps missing absent:a)" "absent:a is none of command, module, python, libc and fuzzer"

matches "says what it installs" "$(deps install command/bash:b command/tool:tool-package)" \
	"^Installing what is missing: tool-package"
matches "installs only that, without a question" "$(cat "$log")" \
	"apt-get -y .* install --no-install-recommends tool-package \(noninteractive\)$"
rm -f "$scratch/bin/tool"

output=$(deps install command/none:useless)
same "an install that does not help fails" "$?" 1
matches "and says so" "$output" "still not found after installing: useless"

output=$(deps install command/none:broken)
same "a failing apt-get fails" "$?" 1
matches "after another try with new lists" "$(cat "$log")" "install.*broken.*update.*install.*broken"

stub id 'echo 1000'
output=$(deps install command/none:first command/none2:second)
same "without root and sudo it fails" "$?" 1
matches "and says what to install" "$output" "apt-get install first second"
same "and does not try" "$(cat "$log")" ""

stub sudo "echo sudo >>$log" "exec \"\$@\""
deps install command/tool:tool-package >/dev/null
same "sudo is good enough" "$?" 0
matches "and is used" "$(cat "$log")" "^sudo"

rm "$scratch/bin/apt-get"
output=$(deps install command/none:first)
same "another system's user is told" "$?" 1
matches "by Debian's names" "$output" "there is no apt-get: first"
finish
