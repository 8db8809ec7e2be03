#!/usr/bin/env bash
# foreign.sh unpacks what apt-get gives, once, and says why when it gives nothing. Stand-ins for apt-get on PATH.
. testdata/bin/cases.sh
needs dpkg-deb

make_scratch
mkdir -p "$scratch/bin" "$scratch/empty" "$scratch/package/DEBIAN" "$scratch/package/usr/bin"
echo 'program' >"$scratch/package/usr/bin/thing"
printf '%s\n' 'Package: thing' 'Version: 1' 'Architecture: arm64' 'Maintainer: nobody' 'Description: a thing' \
	>"$scratch/package/DEBIAN/control"
dpkg-deb -b "$scratch/package" "$scratch/thing.deb" >/dev/null 2>&1
log=$scratch/log

apt_get() { # LINE...
	printf '%s\n' '#!/bin/bash' "echo \"\$*\" >>$log" "$@" >"$scratch/bin/apt-get"
	chmod +x "$scratch/bin/apt-get"
}

foreign() {
	: >"$log"
	output=$(PATH=$scratch/bin:$PATH testdata/bin/foreign.sh "$@" 2>&1)
	status=$?
}

apt_get 'case $* in *download*) echo "E: Unable to locate package thing" >&2; exit 100 ;; esac'
foreign arm64 "$scratch/out" thing
same "nothing to be had" "$status $output" "1 foreign.sh: cannot get thing of arm64: E: Unable to locate package thing"
[ ! -e "$scratch/out" ]
verdict $? "nothing is left" "there is a folder"

apt_get "case \$* in *download*) cp $scratch/thing.deb . ;; esac"
foreign arm64 "$scratch/out" thing
same "unpacked" "$status $output $(cat "$scratch/out/usr/bin/thing")" "0  program"
matches "with lists of its own" "$(head -n 1 "$log")" "APT::Architectures::=arm64 .*Dir::State::Lists=/.* update$"
same "asked for" "$(tail -n 1 "$log" | grep -o 'download.*')" "download thing"
foreign arm64 "$scratch/out" thing
same "once" "$status $output $(<"$log")" "0  "
foreign arm64 "$scratch/out" thing other
same "other packages" "$(tail -n 1 "$log" | grep -o 'download.*')" "download thing other"

for tool in bash env; do
	ln -s "$(command -v $tool)" "$scratch/empty/$tool"
done
same "no apt-get" "$(PATH=$scratch/empty testdata/bin/foreign.sh arm64 "$scratch/none" thing)" \
	"foreign.sh: there is no apt-get to get thing of arm64 with"
finish
