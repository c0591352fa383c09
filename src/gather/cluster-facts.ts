import { isFinal } from "../agent/progress.ts";
import type { PacketCapture } from "../api/resource.ts";
import type { KubernetesObject } from "../kubernetes/kubernetes-object.ts";
import type { AgentPod } from "./agent-pods.ts";

export interface DaemonSet extends KubernetesObject {
  status?: { desiredNumberScheduled?: number; currentNumberScheduled?: number };
}

/** What the API server says, once. */
export interface ClusterFacts {
  pods: AgentPod[];
  /** The namespace of the captures. */
  watched: string;
  captures: PacketCapture[];
  events: KubernetesObject[];
  /** Empty where we may not list them. */
  daemonSets: DaemonSet[];
  /** undefined where we may not list nodes. */
  nodes: KubernetesObject[] | undefined;
}

/** Its status says that there are files. */
export function hasFiles(status: PacketCapture["status"]): boolean {
  return status?.fileLocation !== undefined && filesAvailable(status) !== "False";
}

/** There are files, or its node alone knows whether there are: it runs, or its agent was lost. */
export function mayHaveFiles(status: PacketCapture["status"]): boolean {
  if (hasFiles(status)) return true;
  const begun = status?.progress === "running";
  return begun || (isFinal(status?.progress) && filesAvailable(status) === "Unknown");
}

function filesAvailable(status: PacketCapture["status"]): string | undefined {
  return status?.conditions?.find(({ type }) => type === "FilesAvailable")?.status;
}
