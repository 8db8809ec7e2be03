#!/usr/bin/env bash
# The model by itself, without a target (bench_model.c).
exec "${BUILD:?the build folder}/testdata/bench/bench_model" "$@"
