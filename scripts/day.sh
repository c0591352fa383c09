#!/bin/sh
# A simulated day of one agent, from a fresh clone. Arguments go to test/day/main.ts.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh run test kubernetes
sh scripts/build.sh
PATH="$PWD/node_modules/.bin:$PATH"
exec node test/day/main.ts "$@"
