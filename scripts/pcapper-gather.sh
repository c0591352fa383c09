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
    *) export_args+=("$1"); shift ;;
  esac
done

failed=0
complain() {
  printf 'pcapper-gather: %s\n' "$1" >&2
  failed=1
}

# The archive's last file is the list of checksums: without it the archive did not come whole. Exec loses the end of a
# stream now and then on a busy node, without an error: three tries.
fetch() {
  rm -f "$2/checksums.sha256"
  kubectl exec -n "$namespace" "$1" -c files -- pcapper export tar "${export_args[@]}" </dev/null |
    tar -x -f - -C "$2" --no-same-owner && [ -f "$2/checksums.sha256" ]
}

mkdir -p "$output/cluster"
selector=app.kubernetes.io/name=pcapper,app.kubernetes.io/component=agent
columns='{range .items[*]}{.metadata.name}{"\t"}{.spec.nodeName}{"\n"}{end}'
pods=$(kubectl get pods -n "$namespace" -l "$selector" -o jsonpath="$columns")
[ -n "$pods" ] || complain "no pod of pcapper is in namespace $namespace"
for kind in packetcaptures.packetcapture.pcapper events; do
  kubectl get "$kind" -n "$namespace" -o yaml >"$output/cluster/${kind%%.*}.yaml" ||
    complain "$kind could not be read"
done

# kubectl must not read the list of pods, which is this loop's standard input.
while IFS=$'\t' read -r pod node; do
  [ -n "$pod" ] || continue
  if [ -z "$node" ]; then
    complain "pod $pod has no node yet"
    continue
  fi
  folder=$output/$node
  mkdir -p "$folder"
  fetch "$pod" "$folder" || fetch "$pod" "$folder" || fetch "$pod" "$folder" ||
    complain "node $node: not everything was fetched"
  if [ ! -f "$folder/checksums.sha256" ]; then
    complain "node $node: the archive has no end"
  elif [ -s "$folder/checksums.sha256" ]; then
    (cd "$folder" && sha256sum --quiet --check checksums.sha256 >&2) || complain "node $node: files were damaged"
  fi
  kubectl logs -n "$namespace" "$pod" -c agent --timestamps >"$folder/agent.log" </dev/null ||
    complain "node $node: the agent's log could not be read"
done <<<"$pods"

# Nodes that captures are on, and no pod.
claimed='{range .items[?(@.status.fileLocation)]}{.status.node}{"\n"}{end}'
for node in $(kubectl get packetcaptures.packetcapture.pcapper -n "$namespace" -o jsonpath="$claimed" | sort -u); do
  [ -d "$output/$node" ] || complain "node $node has captures, but no pod of pcapper is there"
done
exit "$failed"
