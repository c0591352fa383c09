#!/bin/sh
# From a fresh clone to dist/: what is missing is installed first.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh run
PATH="$PWD/node_modules/.bin:$PATH"
exec node scripts/build.ts
