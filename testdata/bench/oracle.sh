#!/usr/bin/env bash
# The self-test on this machine's CPU: cases a second (bench_oracle.c).
exec "${BUILD:?the build folder}/testdata/bench/bench_oracle" "$@"
