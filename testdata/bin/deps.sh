#!/usr/bin/env bash
# What the project needs from the system, by Debian package.
#
#   deps.sh missing NEED...   prints the packages that are missing, one a line
#   deps.sh install NEED...   installs them with apt-get, as root or through sudo, and says what; does nothing, and says
#                             nothing, when nothing is missing
#
# A NEED is command/NAME:PACKAGE, module/NAME:PACKAGE (a pkg-config module), python/MODULE:PACKAGE, libc/COMPILER:PACKAGE
# (that compiler links a C program) or fuzzer/CLANG:PACKAGE (that compiler links libFuzzer). The Makefile holds the list.
set -euo pipefail

is_there() { # NEED
	local what=${1%%:*}

	case $what in
	command/*) command -v "${what#command/}" >/dev/null 2>&1 ;;
	module/*) "${PKG_CONFIG:-pkg-config}" --exists "${what#module/}" 2>/dev/null ;;
	python/*) python3 -c "import ${what#python/}" 2>/dev/null ;;
	libc/*)
		"${what#libc/}" -static -o /dev/null -x c - >/dev/null 2>&1 \
			<<<$'#include <stdio.h>\nint main(void) { return puts(""); }'
		;;
	fuzzer/*)
		"${what#fuzzer/}" -fsanitize=fuzzer,address -o /dev/null -x c - >/dev/null 2>&1 \
			<<<'int LLVMFuzzerTestOneInput(void) { return 0; }'
		;;
	*)
		echo "deps.sh: $1 is none of command, module, python, libc and fuzzer, as KIND/NAME:PACKAGE" >&2
		exit 2
		;;
	esac
}

print_missing() { # NEED...
	local need

	for need; do
		is_there "$need" || echo "${need#*:}"
	done
}

has_lists() {
	compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null
}

# Runs apt-get as root, without a terminal to ask on.
apt() {
	"${become_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Use-Pty=0 "$@" </dev/null
}

install_packages() { # PACKAGE...
	local become_root=()

	if ! command -v apt-get >/dev/null; then
		echo "These packages (by Debian's names) are missing, and there is no apt-get: $*" >&2
		return 1
	fi
	if [ "$(id -u)" != 0 ]; then
		if ! command -v sudo >/dev/null; then
			echo "These packages are missing; install them as root: apt-get install $*" >&2
			return 1
		fi
		become_root=(sudo)
	fi

	echo "Installing what is missing: $*"
	if ! has_lists; then
		apt update
		apt install --no-install-recommends "$@"
	else
		# Old lists name versions that the archive no longer has.
		apt install --no-install-recommends "$@" || { apt update && apt install --no-install-recommends "$@"; }
	fi
}

command=${1:?missing or install}
shift
mapfile -t packages < <(print_missing "$@")
case $command in
missing)
	[ ${#packages[@]} = 0 ] || printf '%s\n' "${packages[@]}"
	;;
install)
	[ ${#packages[@]} = 0 ] && exit 0
	if ! install_packages "${packages[@]}"; then
		echo "deps.sh: not installed: ${packages[*]}" >&2
		exit 1
	fi
	mapfile -t packages < <(print_missing "$@")
	if [ ${#packages[@]} != 0 ]; then
		echo "deps.sh: still not found after installing: ${packages[*]}" >&2
		exit 1
	fi
	;;
*)
	echo "deps.sh: $command: one of missing install" >&2
	exit 2
	;;
esac
