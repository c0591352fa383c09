#!/bin/sh
# All checks and tests of one machine: what is missing is installed, then built, then judged.
# Usage: sh scripts/test.sh [--all]   --all adds the slow suites that .ci/run runs
set -eu
cd "$(dirname "$0")/.."
sets="run test"
if [ "${1:-}" = --all ]; then sets="$sets ci kubernetes cluster"; fi
# shellcheck disable=SC2086 # several words on purpose
sh scripts/setup.sh $sets
PATH="$PWD/node_modules/.bin:$PATH"
node scripts/build.ts
exec node scripts/check.ts "$@"
