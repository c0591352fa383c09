#!/bin/sh
# A Kubernetes cluster of two real nodes on this machine, to try things by hand: what is missing is installed first.
# Usage: npm run cluster -- up|down|status|env|load|node
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh run test kubernetes cluster
PATH="$PWD/node_modules/.bin:$PATH"
exec node test/cluster/main.ts "$@"
