import type { PacketCapture } from "../api/resource.ts";
import type { KubernetesObject } from "../kubernetes/kubernetes-object.ts";

/** A pod, as far as gathering looks at it. */
export interface AgentPod extends KubernetesObject {
  spec?: {
    nodeName?: string;
    nodeSelector?: Record<string, string>;
    containers?: { name: string; env?: { name: string; value?: string }[] }[];
  };
  status?: {
    containerStatuses?: { name: string; restartCount?: number; state?: { running?: object } }[];
  };
}

export interface NodeObject extends KubernetesObject {
  metadata: KubernetesObject["metadata"] & { labels?: Record<string, string> };
}

/** What the API server says, once. */
export interface ClusterFacts {
  pods: AgentPod[];
  captures: PacketCapture[];
  events: KubernetesObject[];
  /** undefined where we may not list nodes. */
  nodes: NodeObject[] | undefined;
}

export interface MissingNode {
  node: string;
  why: string;
}

/** The pod to ask on each node: one whose `files` container runs, the newest of several. */
export function podsToAsk(pods: readonly AgentPod[]): Map<string, AgentPod> {
  const found = new Map<string, AgentPod>();
  for (const pod of pods) {
    const node = pod.spec?.nodeName;
    if (node === undefined || !canBeAsked(pod)) continue;
    const other = found.get(node);
    if (other === undefined || createdAt(other) < createdAt(pod)) found.set(node, pod);
  }
  return found;
}

function canBeAsked({ metadata, status }: AgentPod): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  const files = status?.containerStatuses?.find(({ name }) => name === "files");
  return files?.state?.running !== undefined;
}

function createdAt({ metadata }: AgentPod): number {
  return Date.parse(metadata.creationTimestamp ?? "") || 0;
}

/** How often the agent's container was started again: then there is a log of the one before. */
export function agentRestarts({ status }: AgentPod): number {
  return status?.containerStatuses?.find(({ name }) => name === "agent")?.restartCount ?? 0;
}

/** Where the agents look for PacketCaptures, if it is not where they run. */
export function watchedNamespace(pods: readonly AgentPod[]): string | undefined {
  const agent = pods[0]?.spec?.containers?.find(({ name }) => name === "agent");
  return agent?.env?.find(({ name }) => name === "WATCH_NAMESPACE")?.value || undefined;
}

/**
 * Nodes that hold or may hold wanted files and cannot be asked: those that a capture names, and those on which an
 * agent should run.
 */
export function missingNodes(
  { pods, captures, nodes }: Pick<ClusterFacts, "pods" | "captures" | "nodes">,
  names: readonly string[],
): MissingNode[] {
  const asked = podsToAsk(pods);
  const claimed = captures.flatMap(({ status }) => (hasFiles(status) ? [status?.node ?? ""] : []));
  const homes = captures.flatMap(({ metadata, status }) =>
    status?.node === undefined ? [] : [metadata.name],
  );
  // Captures that are asked for by name and have a node are nowhere else.
  const elsewhere = names.length > 0 && names.every((name) => homes.includes(name));
  const withAgent = pods.flatMap(({ spec }) => spec?.nodeName ?? []);
  const others = elsewhere ? [] : [...withAgent, ...nodesForAgents(nodes ?? [], pods)];
  const missing = new Set([...claimed, ...others].filter((node) => node !== "" && !asked.has(node)));
  return [...missing].sort().map((node) => ({ node, why: whyMissing(node, withAgent, nodes) }));
}

export function hasFiles(status: PacketCapture["status"]): boolean {
  const available = status?.conditions?.find(({ type }) => type === "FilesAvailable");
  return status?.fileLocation !== undefined && available?.status !== "False";
}

/** The DaemonSet's pods tell by their node selector which nodes are meant; without any pod, all are. */
function nodesForAgents(nodes: readonly NodeObject[], pods: readonly AgentPod[]): string[] {
  const wanted = Object.entries(pods[0]?.spec?.nodeSelector ?? {});
  return nodes
    .filter(({ metadata }) => wanted.every(([label, value]) => metadata.labels?.[label] === value))
    .map(({ metadata }) => metadata.name);
}

function whyMissing(
  node: string,
  withAgent: readonly string[],
  nodes: readonly NodeObject[] | undefined,
): string {
  if (withAgent.includes(node)) return "the agent's pod there does not run";
  if (nodes !== undefined && !nodes.some(({ metadata }) => metadata.name === node))
    return "there is no such node any more";
  return "no agent's pod is there";
}
