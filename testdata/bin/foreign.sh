#!/usr/bin/env bash
# Programs of another Debian architecture, unpacked into a folder: foreign.sh ARCH FOLDER PACKAGE...
#
# Nothing is installed, and the system's own apt and dpkg do not hear of the architecture: the archives that apt is set up with
# are asked with lists and caches of our own. Needs no root. Does nothing when the folder has these packages already; prints
# a line, and ends with status 1, when they cannot be had.
set -euo pipefail

arch=${1:?architecture} folder=${2:?folder}
shift 2
: "${1:?packages}"
done=$folder/.packages
if [ -f "$done" ] && [ "$(<"$done")" = "$*" ]; then
	exit 0
fi
for tool in apt-get dpkg-deb; do
	if ! command -v $tool >/dev/null; then
		echo "foreign.sh: there is no $tool to get $* of $arch with"
		exit 1
	fi
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/packages"
: >"$work/status"

apt() {
	timeout -k 5 150 apt-get -qq -o "APT::Architecture=$arch" -o "APT::Architectures::=$arch" \
		-o "Dir::State::Lists=$work/lists" -o "Dir::State::status=$work/status" -o "Dir::Cache=$work/cache" \
		-o Dir::Bin::dpkg=/bin/false -o APT::Sandbox::User=root \
		-o Acquire::Retries=1 -o Acquire::http::Timeout=20 "$@" </dev/null
}

# The sources of bookworm-updates and -security count too: updates of what is unpacked come from there.
if ! { apt update && cd "$work/packages" && apt download "$@"; } >"$work/log" 2>&1; then
	echo "foreign.sh: cannot get $* of $arch: $(grep -m 1 '^E:' "$work/log" || echo "apt-get does not answer")"
	exit 1
fi
cd - >/dev/null
mkdir -p "$folder"
for package in "$work"/packages/*.deb; do
	dpkg-deb -x "$package" "$folder"
done
echo "$*" >"$done"
