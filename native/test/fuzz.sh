#!/bin/sh
# Feeds the recovery parser what a crash might leave, for a number of seconds, from a corpus of small
# files: native/test/fuzz/corpus. Usage: sh native/test/fuzz.sh SECONDS
set -eu
cd "$(dirname "$0")/../.."

seconds=${1:-60}
build=build/native-fuzz
found=$build/found
mkdir -p "$found"
make -s -j"$(nproc)" -f native/test/Makefile BUILD="$build" CXX=clang++-14 \
  SANITIZE="-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all" FUZZ_LINK=-fsanitize=fuzzer \
  "$build/fuzzer"

# New inputs go to build/, the seeds are only read. Recovered files live in memory where that is possible.
if [ -w /dev/shm ]; then export TMPDIR=/dev/shm; fi
code=0
"$build/fuzzer" -max_total_time="$seconds" -max_len=4096 -timeout=10 -print_final_stats=1 -verbosity=0 \
  -artifact_prefix="$build/" "$found" native/test/fuzz/corpus || code=$?
if [ "$code" = 0 ]; then echo "1 passed, 0 failed"; else echo "0 passed, 1 failed"; fi
exit "$code"
