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
options=()
names=()
while [ $# -gt 0 ]; do
  case $1 in
    -n | --namespace | -o | --output | --since | --since-time)
      [ $# -ge 2 ] || { usage >&2; exit 2; }
      case $1 in
        -n | --namespace) namespace=$2 ;;
        -o | --output) output=$2 ;;
        *) options+=("$1" "$2") ;;
      esac
      shift 2
      ;;
    --include-running) options+=("$1"); shift ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *) names+=("$1"); shift ;;
  esac
done

for program in kubectl tar find grep sed head cmp mktemp; do
  command -v "$program" >/dev/null || { printf 'pcapper-gather: %s is not installed\n' "$program" >&2; exit 2; }
done
if command -v sha256sum >/dev/null; then
  check_sums=(sha256sum --check)
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
tell() { LC_ALL=C tr -d '\000-\010\013-\037\177-\377' <"$1" >&2; }

mkdir -p "$output"
work=$(mktemp -d "$output/.pcapper-gather.XXXXXX")
trap 'chmod -R u+rwX "$work" && rm -rf "$work"' EXIT
new=$work/new
for list in asked whole seen; do : >"$work/$list"; done

# An API server that does not answer is not waited for without an end.
get() { kubectl get "$@" -n "$namespace" --request-timeout=2m </dev/null; }

# The pod of a node now: an upgrade may have replaced it since the nodes were listed.
selector=app.kubernetes.io/name=pcapper,app.kubernetes.io/component=agent
pod_of() {
  local columns='{range .items[*]}{.metadata.deletionTimestamp}{"|"}{.metadata.name}{"\n"}{end}'
  get pods -l "$selector" --field-selector "spec.nodeName=$1" -o jsonpath="$columns" |
    sed -n -e 's/^|//p' | sed -n -e '$p'
}

# fetch NODE ARGUMENT...: the archive's last file is the list of checksums, without it the archive did not come whole.
# Exec loses the end of a stream now and then on a busy node, without an error: see the three tries below. Each has a
# fresh folder, so that no link of an earlier archive is followed. An export that ends with an error after a whole
# archive has said what it could not give: another try would hear the same. bash 3.2 takes an empty array for unset.
fetch() {
  local pod code=0
  if [ -e "$new" ]; then chmod -R u+rwX "$new" && rm -rf "$new"; fi
  mkdir "$new"
  rm -f "$work/incomplete"
  : >"$work/words"
  pod=$(pod_of "$1") && [ -n "$pod" ] || return 1
  shift
  { kubectl exec -n "$namespace" "$pod" -c files -- pcapper export tar "$@" </dev/null 2>"$work/words" ||
    : >"$work/incomplete"; } |
    tar -x -f - -C "$new" --no-same-owner --no-same-permissions 2>"$work/tar" || code=1
  tell "$work/words"
  tell "$work/tar"
  [ "$code" = 0 ] && [ -f "$new/checksums.sha256" ]
}

# An export has FOLDER/FILE only, in letters that no list here splits. A link, also a hard one, could lead anywhere.
is_plain() {
  local odd deep
  odd=$(LC_ALL=C find "$new" ! -type d \( ! -type f -o -links +1 \) -o -name '*[!A-Za-z0-9._~-]*' -o -name '[.~-]*') &&
    deep=$(find "$new" -mindepth 3) && [ -z "$odd$deep" ]
}

is_file() { [ -f "$1" ] && [ ! -L "$1" ]; }

# begins_with FILE BEGINNING. Some heads refuse a count of 0.
begins_with() {
  is_file "$1" && is_file "$2" || return 1
  [ ! -s "$2" ] || head -c "$(($(wc -c <"$2")))" "$1" 2>/dev/null | cmp -s - "$2"
}

# Puts a file in its place, never through a link. Other packets than the node's may be all that is left of them.
put() {
  local kept=$2.earlier
  if [ -d "$2" ] && [ ! -L "$2" ]; then return 1; fi
  case $2 in
    *.pcap | *.pcap.*)
      if is_file "$2" && ! begins_with "$1" "$2"; then
        while [ -e "$kept" ] || [ -L "$kept" ]; do kept=$kept~; done
        mv "$2" "$kept" || return 1
        printf 'pcapper-gather: %s was not what the node has, and is kept as %s\n' "$2" "$kept" >&2
      fi
      ;;
  esac
  rm -f "$2" && mv "$1" "$2"
}

# place FOLDER: only what a checksum vouches for has its own name, and so replaces a file of an earlier run.
place() {
  local file path ending target code=0
  while IFS= read -r -d '' file; do
    path=${file#"$new"/}
    ending=.partial
    if grep -qxF -e "$path: FAILED" "$work/sums"; then
      ending=.damaged
    elif [ "$path" = checksums.sha256 ] || grep -qxF -e "$path: OK" "$work/sums"; then
      ending=
    fi
    # The same names as `pcapper gather` gives.
    case $path in agent.log/* | agent-previous.log/*) path=${path%%/*}~/${path#*/} ;; esac
    target=$1/$path
    if [ -L "${target%/*}" ] || ! mkdir -p "${target%/*}"; then
      code=1
      continue
    fi
    if [ "$ending" = .partial ]; then
      complain "no checksum vouches for what came of $target, it is called .partial"
      # An earlier run may have had more of it.
      if begins_with "$target.partial" "$file"; then continue; fi
    fi
    put "$file" "$target$ending" || code=1
    case $target$ending in
      *.damaged | *.partial) ;;
      *.pcap) ! begins_with "$target" "$target.partial" || rm -f "$target.partial" ;;
      *) rm -f "$target.partial" ;;
    esac
  done < <(find "$new" -type f -print0)
  return "$code"
}

# bring NODE FOLDER ARGUMENT...: ends with 1 where the node is not trusted.
sum_line='^[0-9a-f]\{64\}  [A-Za-z0-9_][A-Za-z0-9._~-]*/[A-Za-z0-9_][A-Za-z0-9._~-]*$'
bring() {
  local node=$1 folder=$2 whole=1 entry sums=$new/checksums.sha256
  shift 2
  fetch "$node" "$@" || fetch "$node" "$@" || fetch "$node" "$@" || whole=0
  if [ "$whole" = 0 ] || [ -e "$work/incomplete" ]; then complain "node $node: not everything was fetched"; fi
  if ! is_plain; then
    complain "node $node: refused, its archive has more than plain files with plain names in folders"
    return 1
  fi
  chmod -R u+rwX "$new"
  for entry in listed sums unclosed; do : >"$work/$entry"; done
  # A line could name whatever can be read here: a device without an end, or "-", which is standard input.
  if [ -f "$sums" ]; then
    LC_ALL=C grep -e "$sum_line" "$sums" >"$work/listed" || :
    cmp -s "$work/listed" "$sums" ||
      complain "node $node: its list of checksums has lines that are no FOLDER/FILE, which are passed over"
  fi
  # OK and FAILED are other words in other languages.
  if [ -s "$work/listed" ] &&
    ! (cd "$new" && LC_ALL=C "${check_sums[@]}" ../listed) >"$work/sums" 2>&1 </dev/null; then
    grep -v ': OK$' "$work/sums" >"$work/bad" || :
    tell "$work/bad"
    complain "node $node: files are damaged, those that came are called .damaged"
  fi
  for entry in "$new"/*/; do
    [ ! -d "$entry" ] || printf '%s/%s\n' "$node" "$(basename "$entry")" >>"$work/seen"
  done
  sed -n "s|^pcapper: left out: \([^:]*\): .*|$node/\1|p" "$work/words" >>"$work/seen"
  [ "$whole" = 0 ] || printf '%s\n' "$node" >>"$work/whole"
  for entry in "$new"/*/*.json; do
    if [ -f "$entry" ] && ! grep -q '"finished"' "$entry"; then basename "${entry%/*}" >>"$work/unclosed"; fi
  done
  [ ! -f "$sums" ] || mv -f "$work/listed" "$sums"
  place "$folder" || complain "node $node: not all could be put into $folder"
}

# What a node calls running and its resource calls over: its agent died before it closed it.
bring_ended() {
  local node=$1 folder=$2 name ended=()
  while IFS= read -r name; do
    case $(get packetcaptures.packetcapture.pcapper "$name" --ignore-not-found -o 'jsonpath={.status.progress}' ||
      printf running) in
      running | scheduled) ;;
      *) ended+=("$name") ;;
    esac
  done < <({
    sed -n 's|^pcapper: left out: \([a-z0-9][a-z0-9.-]*\): [^:]*: it still runs.*|\1|p' "$work/words"
    cat "$work/unclosed"
  } | sort -u)
  [ ${#ended[@]} -gt 0 ] || return 0
  # Also what came already: it may have been closed meanwhile.
  bring "$node" "$folder" ${options[@]+"${options[@]}"} --include-running "${ended[@]}" || return 0
  while IFS= read -r name; do
    complain "node $node: $name is over, but its node has not closed it: its last packets may be missing"
  done < <(sort -u "$work/unclosed")
}

gather_node() {
  local node=$1 folder=$output/$1 pod
  # The same names as `pcapper gather` gives.
  case $node in cluster | version | summary.json | gather.log) folder=$folder~ ;; esac
  printf '%s\n' "$node" >>"$work/asked"
  if [ -L "$folder" ]; then
    complain "node $node: $folder is a symbolic link, nothing is written there"
    return
  fi
  if ! mkdir -p "$folder"; then
    complain "node $node: there is no folder $folder to write to"
    return
  fi
  bring "$node" "$folder" ${options[@]+"${options[@]}"} ${names[@]+"${names[@]}"} || return 0
  bring_ended "$node" "$folder"
  if ! { pod=$(pod_of "$node") && kubectl logs -n "$namespace" "$pod" -c agent --timestamps --tail=100000 \
    --limit-bytes=33554432 --request-timeout=10m >"$work/agent.log" </dev/null 2>"$work/words"; }; then
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
mkdir -p "$output/cluster" || complain "there is no folder $output/cluster to write to"
for kind in packetcaptures.packetcapture.pcapper events; do
  { get "$kind" -o yaml >"$work/$kind" &&
    put "$work/$kind" "$output/cluster/${kind%%.*}.yaml"; } || complain "$kind could not be read"
done
available='{.status.conditions[?(@.type=="FilesAvailable")].status}'
claimed='{.metadata.name}{"|"}{.status.node}{"|"}{.status.progress}{"|"}'$available'{"|"}{.status.fileLocation}'
get packetcaptures.packetcapture.pcapper -o jsonpath="{range .items[*]}$claimed{\"\\n\"}{end}" >"$work/claims" ||
  complain "which nodes captures are on could not be read"

# Captures whose resources say on which nodes they are, are nowhere else: only those nodes are asked then.
: >"$work/homes"
everywhere=1
if [ ${#names[@]} -gt 0 ]; then
  everywhere=0
  for name in "${names[@]}"; do
    home=$(while IFS='|' read -r capture node _; do [ "$capture" != "$name" ] || printf '%s' "$node"; done <"$work/claims")
    [ -n "$home" ] || everywhere=1
    printf '%s\n' "$home" >>"$work/homes"
  done
fi

columns='{range .items[*]}{.metadata.name}{"|"}{.spec.nodeName}{"\n"}{end}'
get pods -l "$selector" -o jsonpath="$columns" >"$work/pods"
[ -s "$work/pods" ] || complain "no pod of pcapper is in namespace $namespace"
# Nothing in it may read the list of pods, which is this loop's standard input.
while IFS='|' read -r pod node; do
  if [ "$everywhere" = 0 ] && ! grep -qxF -e "$node" "$work/homes"; then continue; fi
  if grep -qxF -e "$node" "$work/asked"; then continue; fi
  if [ -n "$node" ]; then gather_node "$node"; else complain "pod $pod has no node yet"; fi
done <"$work/pods"

# What the captures say of their nodes, against what came in this run: an earlier one's folders prove nothing.
is_named() {
  local name
  [ ${#names[@]} -gt 0 ] || return 0
  for name in "${names[@]}"; do [ "$name" != "$1" ] || return 0; done
  return 1
}
while IFS='|' read -r name node progress files location; do
  if [ -z "$node" ] || [ "$files" = False ] || ! is_named "$name"; then continue; fi
  if [ -z "$location" ] && [ "$progress" != running ] && [ "$files" != Unknown ]; then continue; fi
  if ! grep -qxF -e "$node" "$work/asked"; then
    complain "node $node has files of capture $name, but no pod of pcapper is there"
  elif [ -n "$location" ] && grep -qxF -e "$node" "$work/whole" && ! grep -qxF -e "$node/$name" "$work/seen"; then
    complain "node $node has nothing of capture $name, whose status names it"
  fi
done <"$work/claims"
for name in ${names[@]+"${names[@]}"}; do
  # A capture's name has dots, which are no pattern here.
  sed 's|^[^/]*/||' "$work/seen" | grep -qxF -e "$name" || complain "no node has a capture of the name $name"
done
exit "$failed"
