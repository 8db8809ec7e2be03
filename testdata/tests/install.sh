#!/usr/bin/env bash
# make install puts the program and its manual page below DESTDIR and PREFIX, and uninstall leaves nothing.
. testdata/bin/cases.sh

needs
make_scratch
# Not a child of the make that runs the tests.
unset MAKEFLAGS MAKELEVEL

run_make() {
	make -s MODE="${BUILD#build/}" DESTDIR="$scratch/root" "$@" 2>&1
}

installed() {
	find "$scratch/root" -type f -printf '%m %P\n' | LC_ALL=C sort
}

# The program and every manual page, each in the folder of its section.
expected() { # PREFIX
	local page

	for page in cmd/validate/*.[1-8]; do
		echo "644 $1/share/man/man${page##*.}/${page##*/}"
	done | LC_ALL=C sort
	echo "755 $1/bin/validate"
}

same "install says nothing wrong" "$(run_make install)" ""
same "below /usr/local" "$(installed)" "$(expected usr/local)"
same "the program runs" "$("$scratch/root/usr/local/bin/validate" --help | head -n 1)" "$("$VALIDATE" --help | head -n 1)"
run_make uninstall
same "uninstall leaves nothing" "$(installed)" ""
run_make PREFIX=/usr install
same "below PREFIX" "$(installed)" "$(expected usr)"
run_make PREFIX=/usr uninstall
same "uninstall from PREFIX" "$(installed)" ""
finish
