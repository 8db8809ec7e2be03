#!/usr/bin/env bash
# The fuzzers, for as many runs as each one's source says, the same every time. Only with MODE=asan, which builds them.
if [ ! -x build/fuzz/testdata/fuzz/log ]; then
	echo "no fuzzers: clang's libFuzzer is not installed (make fuzz installs it)"
	exit 77
fi
exec testdata/bin/fuzz.sh
