#!/bin/sh
# The main job on real packets, from a fresh clone: install what is missing, build, make traffic,
# capture it from a manifest with a filter and rotation, and show what came of it.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh run demo
sh scripts/build.sh
PATH="$PWD/node_modules/.bin:$PATH"

# A network namespace of its own: nothing of this machine's network is touched, and it goes with the process.
if [ "$(id -u)" = 0 ]; then unshare="unshare --net"; else unshare="unshare --user --map-root-user --net"; fi
if ! $unshare true 2>/dev/null; then
  echo "demo: this machine does not allow '$unshare': run it as root (sudo npm run demo)." >&2
  exit 2
fi
exec $unshare node scripts/demo.ts
