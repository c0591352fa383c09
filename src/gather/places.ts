import { type AgentPod, isReady, isReplaced, nodeOf, podsToAsk } from "./agent-pods.ts";
import { type ClusterFacts, mayHaveFiles } from "./cluster-facts.ts";

/** A node to ask. */
export interface Place {
  node: string;
  /** undefined where it is just being replaced. */
  pod: AgentPod | undefined;
}

export interface MissingNode {
  node: string;
  why: string;
}

/**
 * The nodes that can have what is asked for. Those that the cluster doubts come last: they may take their time
 * without holding others up.
 */
export function placesToAsk(
  { pods, captures }: Pick<ClusterFacts, "pods" | "captures">,
  names: readonly string[],
): Place[] {
  const running = podsToAsk(pods);
  const replaced = pods.filter(isReplaced).flatMap((pod) => nodeOf(pod) ?? []);
  const homes = homesOf(captures, names);
  return [...new Set([...running.keys(), ...replaced])]
    .filter((node) => homes === undefined || homes.has(node))
    .map((node) => ({ node, pod: running.get(node) }))
    .sort((a, b) => Number(isDoubtful(a)) - Number(isDoubtful(b)) || (a.node < b.node ? -1 : 1));
}

function isDoubtful({ pod }: Place): boolean {
  return pod === undefined || !isReady(pod);
}

/**
 * Where all captures that are asked for by name are, by their resources; undefined where one may be anywhere: it has
 * no resource any more, or nobody has taken it.
 */
function homesOf(
  captures: ClusterFacts["captures"],
  names: readonly string[],
): ReadonlySet<string> | undefined {
  const nodes = new Map(captures.map(({ metadata, status }) => [metadata.name, status?.node]));
  const homes = names.map((name) => nodes.get(name));
  const known = homes.filter((node) => node !== undefined);
  return names.length === 0 || known.length < homes.length ? undefined : new Set(known);
}

/**
 * Nodes that hold or may hold wanted files and cannot be asked: those that a capture names, and those on which an
 * agent's pod is or shall be. What other nodes there are (of another kind, virtual ones) is the DaemonSet's choice.
 */
export function missingNodes(
  { pods, captures, nodes }: Pick<ClusterFacts, "pods" | "captures" | "nodes">,
  names: readonly string[],
): MissingNode[] {
  const asked = new Set(placesToAsk({ pods, captures }, names).map(({ node }) => node));
  const claimed = captures.flatMap(({ status }) => (mayHaveFiles(status) ? [status?.node ?? ""] : []));
  const withAgent = pods.flatMap((pod) => nodeOf(pod) ?? []);
  const others = homesOf(captures, names) === undefined ? withAgent : [];
  const missing = new Set([...claimed, ...others].filter((node) => node !== "" && !asked.has(node)));
  return [...missing].sort().map((node) => ({ node, why: whyMissing(node, withAgent, nodes) }));
}

function whyMissing(node: string, withAgent: readonly string[], nodes: ClusterFacts["nodes"]): string {
  if (withAgent.includes(node)) return "the agent's pod there does not run";
  if (nodes !== undefined && !nodes.some(({ metadata }) => metadata.name === node))
    return "there is no such node any more";
  return "no agent's pod is there";
}

/** Nodes for which the agents' DaemonSet wants a pod and has none: it alone knows which are meant. */
export function unservedNodes(
  { daemonSets, captures }: Pick<ClusterFacts, "daemonSets" | "captures">,
  names: readonly string[],
): string[] {
  if (homesOf(captures, names) !== undefined) return [];
  return daemonSets.flatMap(({ metadata, status }) => {
    const { desiredNumberScheduled: desired = 0, currentNumberScheduled: current = 0 } = status ?? {};
    if (current >= desired) return [];
    return [`the DaemonSet ${metadata.name} has pods on ${current} of the ${desired} nodes it wants them on`];
  });
}
