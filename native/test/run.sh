#!/bin/sh
# Builds the engine and its standalone tests and runs them in namespaces of their own, so that their
# interfaces and mounts go with them. Usage: sh native/test/run.sh [--sanitize=address|thread] [FILTER]
# FILTER picks test cases by name (doctest's wildcards). The last line is `N passed, N failed`.
set -eu
cd "$(dirname "$0")/../.."

build=build/native-test
sanitize=""
filter="*"
for argument in "$@"; do
  case $argument in
    --sanitize=address)
      build=$build-address
      sanitize="-fsanitize=address,undefined -fno-sanitize-recover=all" ;;
    --sanitize=thread)
      build=$build-thread
      sanitize="-fsanitize=thread" ;;
    -*)
      echo "run.sh: unknown option '$argument': expected --sanitize=address or --sanitize=thread." >&2
      exit 2 ;;
    *) filter="*$argument*" ;;
  esac
done
export ASAN_OPTIONS="detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1"
export UBSAN_OPTIONS="print_stacktrace=1"
export TSAN_OPTIONS="halt_on_error=0:second_deadlock_stack=1"

mkdir -p "$build"
log=$build/output.txt
if ! make -s -j"$(nproc)" -f native/test/Makefile BUILD="$build" SANITIZE="$sanitize" "$build/tests" >"$log" 2>&1; then
  cat "$log" >&2
  echo "0 passed, 1 failed"
  exit 1
fi

namespaces="unshare --net --mount"
if [ "$(id -u)" != 0 ]; then namespaces="unshare --user --map-root-user --net --mount"; fi
if ! $namespaces true 2>/dev/null; then
  # The tests that need an interface or a mount then say that they are skipped, and why.
  echo "run.sh: this machine does not allow '$namespaces'; tests with interfaces and mounts are skipped." >&2
  namespaces=""
fi
code=0
# shellcheck disable=SC2086 # several words on purpose
PCAPPER_NAMESPACES=${namespaces:+yes} $namespaces "$build/tests" --no-intro=true --test-case="$filter" \
  >"$log" 2>&1 || code=$?
cat "$log"

# doctest: `[doctest] test cases:  42 |  42 passed | 0 failed | 0 skipped`
counts=$(sed -n 's/.*test cases: *[0-9]* | *\([0-9]*\) passed | *\([0-9]*\) failed.*/\1 \2/p' "$log" | tail -n 1)
passed=${counts% *}
failed=${counts#* }
# A crash has no summary; a sanitizer's finding at the end comes after it.
if [ "$code" != 0 ] && [ "${failed:-0}" = 0 ]; then failed=1; fi
echo "${passed:-0} passed, ${failed:-1} failed"
exit "$code"
