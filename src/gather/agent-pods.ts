import type { KubernetesObject } from "../kubernetes/kubernetes-object.ts";

/** A pod, as far as gathering looks at it. */
export interface AgentPod extends KubernetesObject {
  spec?: {
    nodeName?: string;
    affinity?: { nodeAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: NodeChoice } };
    containers?: { name: string; env?: { name: string; value?: string }[] }[];
  };
  status?: {
    phase?: string;
    conditions?: { type: string; status: string }[];
    containerStatuses?: {
      name: string;
      restartCount?: number;
      state?: { running?: object; waiting?: { reason?: string } };
    }[];
  };
}

interface NodeChoice {
  nodeSelectorTerms?: { matchFields?: { key: string; values?: string[] }[] }[];
}

/** Where a pod is, or, by the word of its DaemonSet, shall be. */
export function nodeOf({ spec }: AgentPod): string | undefined {
  if (spec?.nodeName !== undefined) return spec.nodeName;
  const choice = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const fields = (choice?.nodeSelectorTerms ?? []).flatMap(({ matchFields = [] }) => matchFields);
  return fields.find(({ key }) => key === "metadata.name")?.values?.[0];
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

function canBeAsked(pod: AgentPod): boolean {
  return pod.metadata.deletionTimestamp === undefined && filesState(pod)?.running !== undefined;
}

const ON_THE_WAY = ["ContainerCreating", "PodInitializing"];

/** It is going, and another takes its place, or it is about to run: an upgrade, mostly. */
export function isReplaced(pod: AgentPod): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return true;
  return ON_THE_WAY.includes(filesState(pod)?.waiting?.reason ?? "");
}

function filesState({ status }: AgentPod) {
  return status?.containerStatuses?.find(({ name }) => name === "files")?.state;
}

/** The cluster does not doubt it. Of a node whose kubelet is gone no pod is ready. */
export function isReady({ status }: AgentPod): boolean {
  return status?.conditions?.find(({ type }) => type === "Ready")?.status !== "False";
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
