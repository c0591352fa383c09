#!/bin/sh
# The bench of the agent on a real API server, from a fresh clone. Arguments go to bench/agent/main.ts.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh run test kubernetes
sh scripts/build.sh
PATH="$PWD/node_modules/.bin:$PATH"
node bench/agent/prepare.ts
# A network and a /run of its own: nothing of this machine's is touched.
# shellcheck disable=SC2016 # the inner shell's
inner='mount -t sysfs sysfs /sys && mount -t tmpfs tmpfs /run && sysctl -qw net.ipv6.conf.default.disable_ipv6=1 && ip link set lo up && exec "$@"'
PCAPPER_BENCH_APART=1 exec unshare --net --mount sh -c "$inner" sh node bench/agent/main.ts "$@"
