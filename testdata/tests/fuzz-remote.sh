#!/usr/bin/env bash
# A real QEMU's answers, spoilt on their way: the same runs every time, more of them under the sanitizers.
: "${BUILD:=build/rel}" "${VALIDATE:=$BUILD/validate}"
runs=60
[[ $BUILD != */asan* && $BUILD != */ubsan* ]] || runs=200
export BUILD VALIDATE
exec testdata/bin/fuzz-remote.sh $runs
