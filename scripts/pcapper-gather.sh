#!/usr/bin/env bash
# Brings packet captures from all nodes with kubectl and tar only. `pcapper gather` does more: it resumes.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: pcapper-gather.sh [-n NAMESPACE] [-o DIR] [--since 2h | --since-time TIME] [--include-running] [NAME...]
Writes DIR/NODE/NAME/FILE for each node with a running pcapper pod, and checks each file's SHA-256. kubectl's own
environment (KUBECONFIG) says which cluster. Exit code 0 everything is here, 1 something is missing, 2 wrong use.
TEXT
}

namespace=pcapper
output=./gathered
export_args=()
names=()
while [ $# -gt 0 ]; do
  case $1 in
    -n | --namespace | -o | --output | --since | --since-time)
      [ $# -ge 2 ] || { usage >&2; exit 2; }
      case $1 in
        -n | --namespace) namespace=$2 ;;
        -o | --output) output=$2 ;;
        *) export_args+=("$1" "$2") ;;
      esac
      shift 2
      ;;
    --include-running) export_args+=("$1"); shift ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) export_args+=("$1"); names+=("$1"); shift ;;
  esac
done

for program in kubectl tar find grep sed mktemp; do
  command -v "$program" >/dev/null || { printf 'pcapper-gather: %s is not installed\n' "$program" >&2; exit 2; }
done
if command -v sha256sum >/dev/null; then
  check_sums=(sha256sum --quiet --check)
elif command -v shasum >/dev/null; then
  check_sums=(shasum -a 256 --check)
else
  printf 'pcapper-gather: neither sha256sum nor shasum is installed\n' >&2
  exit 2
fi

failed=0
complain() {
  printf 'pcapper-gather: %s\n' "$1" >&2
  failed=1
}

# What a node sent may hold what a terminal would obey.
tell() { LC_ALL=C tr -d '\000-\010\013-\037\177' <"$1" >&2; }

mkdir -p "$output"
work=$(mktemp -d "$output/.pcapper-gather.XXXXXX")
trap 'chmod -R u+rwX "$work" && rm -rf "$work"' EXIT
new=$work/new
: >"$work/asked"
: >"$work/whole"
: >"$work/seen"

# The archive's last file is the list of checksums: without it the archive did not come whole. Exec loses the end of a
# stream now and then on a busy node, without an error: three tries. Each has a fresh folder, so that no link of an
# earlier archive is followed. bash 3.2 takes an empty array for an unset one.
fetch() {
  if [ -e "$new" ]; then chmod -R u+rwX "$new" && rm -rf "$new"; fi
  mkdir "$new"
  local code=0
  kubectl exec -n "$namespace" "$1" -c files -- pcapper export tar ${export_args[@]+"${export_args[@]}"} \
    </dev/null 2>"$work/words" |
    tar -x -f - -C "$new" --no-same-owner --no-same-permissions || code=1
  tell "$work/words"
  [ "$code" = 0 ] && [ -f "$new/checksums.sha256" ]
}

# An export has FOLDER/FILE only. A link, also a hard one, could lead anywhere on this machine.
is_plain() {
  local odd deep
  odd=$(find "$new" ! -type d \( ! -type f -o -links +1 \)) && deep=$(find "$new" -mindepth 3) &&
    [ -z "$odd$deep" ]
}

# Puts a file in its place, never through a link.
put() {
  if [ -d "$2" ] && [ ! -L "$2" ]; then return 1; fi
  rm -f "$2" && mv "$1" "$2"
}

# place FOLDER WHOLE: what did not come whole does not replace a file of an earlier run.
place() {
  local file path home=$1
  while IFS= read -r -d '' file; do
    path=${file#"$new"/}
    # The same names as `pcapper gather` gives.
    case $path in agent.log/* | agent-previous.log/*) path=${path%%/*}~/${path#*/} ;; esac
    case $path in
      */*)
        if [ -L "$home/${path%/*}" ]; then return 1; fi
        mkdir -p "$home/${path%/*}"
        ;;
    esac
    if [ "$2" = 0 ] && [ -e "$home/$path" ]; then continue; fi
    put "$file" "$home/$path" || return 1
  done < <(find "$new" -type f -print0)
}

gather_node() {
  local pod=$1 node=$2 folder=$output/$2 whole=1 entry
  printf '%s\n' "$node" >>"$work/asked"
  if [ -L "$folder" ]; then
    complain "node $node: $folder is a symbolic link, nothing is written there"
    return
  fi
  mkdir -p "$folder"
  fetch "$pod" || fetch "$pod" || fetch "$pod" || {
    complain "node $node: not everything was fetched"
    whole=0
  }
  if ! is_plain; then
    complain "node $node: refused, its archive has more than plain files in folders"
    return
  fi
  if [ -s "$new/checksums.sha256" ] && ! (cd "$new" && "${check_sums[@]}" checksums.sha256 >&2); then
    complain "node $node: files were damaged"
    whole=0
  fi
  for entry in "$new"/*/; do
    [ ! -d "$entry" ] || printf '%s/%s\n' "$node" "$(basename "$entry")" >>"$work/seen"
  done
  sed -n "s|^pcapper: left out: \([^:]*\): .*|$node/\1|p" "$work/words" >>"$work/seen"
  [ "$whole" = 0 ] || printf '%s\n' "$node" >>"$work/whole"
  place "$folder" "$whole" || complain "node $node: not all could be put into $folder"
  if ! kubectl logs -n "$namespace" "$pod" -c agent --timestamps >"$work/agent.log" </dev/null 2>"$work/words"; then
    tell "$work/words"
    complain "node $node: the agent's log could not be read"
  elif ! put "$work/agent.log" "$folder/agent.log"; then
    complain "node $node: $folder/agent.log could not be written"
  fi
}

if [ -L "$output/cluster" ]; then
  printf 'pcapper-gather: %s is a symbolic link, nothing is written there\n' "$output/cluster" >&2
  exit 1
fi
mkdir -p "$output/cluster"
selector=app.kubernetes.io/name=pcapper,app.kubernetes.io/component=agent
columns='{range .items[*]}{.metadata.name}{"\t"}{.spec.nodeName}{"\n"}{end}'
pods=$(kubectl get pods -n "$namespace" -l "$selector" -o jsonpath="$columns")
[ -n "$pods" ] || complain "no pod of pcapper is in namespace $namespace"
for kind in packetcaptures.packetcapture.pcapper events; do
  { kubectl get "$kind" -n "$namespace" -o yaml >"$work/$kind" &&
    put "$work/$kind" "$output/cluster/${kind%%.*}.yaml"; } || complain "$kind could not be read"
done

# kubectl must not read the list of pods, which is this loop's standard input.
while IFS=$'\t' read -r pod node; do
  [ -n "$pod" ] || continue
  if [ -z "$node" ]; then
    complain "pod $pod has no node yet"
  else
    gather_node "$pod" "$node"
  fi
done <<<"$pods"

is_named() {
  local name
  [ ${#names[@]} -gt 0 ] || return 0
  for name in "${names[@]}"; do [ "$name" != "$1" ] || return 0; done
  return 1
}

# What the captures say of their nodes, against what came in this run: an earlier one's folders prove nothing.
available='{.status.conditions[?(@.type=="FilesAvailable")].status}'
claimed='{range .items[?(@.status.fileLocation)]}{.metadata.name}{"\t"}{.status.node}{"\t"}'$available'{"\n"}{end}'
claims=$(kubectl get packetcaptures.packetcapture.pcapper -n "$namespace" -o jsonpath="$claimed") ||
  complain "which nodes captures are on could not be read"
while IFS=$'\t' read -r name node files; do
  if [ -z "$node" ] || [ "$files" = False ] || ! is_named "$name"; then continue; fi
  if ! grep -qxF -e "$node" "$work/asked"; then
    complain "node $node has files of capture $name, but no pod of pcapper is there"
  elif grep -qxF -e "$node" "$work/whole" && ! grep -qxF -e "$node/$name" "$work/seen"; then
    complain "node $node has nothing of capture $name, whose status names it"
  fi
done <<<"$claims"
for name in ${names[@]+"${names[@]}"}; do
  # A capture's name has dots, which are no pattern here.
  sed 's|^[^/]*/||' "$work/seen" | grep -qxF -e "$name" || complain "no node has a capture of the name $name"
done
exit "$failed"
