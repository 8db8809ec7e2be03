#!/usr/bin/env bash
# What an operation of soft floating point costs (bench_fp.c).
exec "${BUILD:?the build folder}/testdata/bench/bench_fp" "$@"
