#!/usr/bin/env bash
# make install puts the program and its manual page below DESTDIR and PREFIX, and uninstall leaves nothing.
. testdata/bin/cases.sh

if [ ! -x "$VALIDATE" ]; then
	echo "there is no $VALIDATE"
	exit 77
fi
make_scratch
# Not a child of the make that runs the tests.
unset MAKEFLAGS MAKELEVEL

run_make() {
	make -s MODE="${BUILD#build/}" DESTDIR="$scratch/root" "$@" 2>&1
}

installed() {
	find "$scratch/root" -type f -printf '%m %P\n' | LC_ALL=C sort
}

same "install says nothing wrong" "$(run_make install)" ""
below() { # PREFIX
	printf '%s\n' "644 $1/share/man/man1/validate.1" "644 $1/share/man/man5/validate-trace.5" "755 $1/bin/validate"
}

same "below /usr/local" "$(installed)" "$(below usr/local)"
same "the program runs" "$("$scratch/root/usr/local/bin/validate" --help | head -n 1)" "$("$VALIDATE" --help | head -n 1)"
run_make uninstall
same "uninstall leaves nothing" "$(installed)" ""
run_make PREFIX=/usr install
same "below PREFIX" "$(installed)" "$(below usr)"
run_make PREFIX=/usr uninstall
same "uninstall from PREFIX" "$(installed)" ""
finish
