#!/usr/bin/env bash
# Floating-point instructions of the model against paddb (bench_fp_model.c).
exec "${BUILD:?the build folder}/testdata/bench/bench_fp_model"
