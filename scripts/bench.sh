#!/bin/sh
# The bench from a fresh clone. Arguments go to bench/main.ts.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh run test
sh scripts/build.sh
PATH="$PWD/node_modules/.bin:$PATH"
exec node bench/main.ts "$@"
