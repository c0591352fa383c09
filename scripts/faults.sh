#!/bin/sh
# The fault campaign from a fresh clone. Arguments go to test/faults/main.ts.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh run test kubernetes
sh scripts/build.sh
PATH="$PWD/node_modules/.bin:$PATH"
exec node test/faults/main.ts "$@"
