import type { CapturePlan } from "../../api/plan.ts";
import type { KubernetesObject } from "../../kubernetes/api.ts";

/** A pod as a direct read of the API server has it: what is looked at. */
export interface PodFound extends KubernetesObject {
  metadata: KubernetesObject["metadata"] & { managedFields?: { time?: string; subresource?: string }[] };
  spec?: { nodeName?: string; hostNetwork?: boolean };
  status?: { phase?: string; podIP?: string };
}

/** What a look at the API server says about the target of an unclaimed capture. */
export type TargetFound = { kind: "pod"; pod: PodFound | undefined } | { kind: "node"; exists: boolean };

/** Why nobody has claimed a capture. `node`: the one whose agent should have. */
export type Explanation =
  | { reason: "TargetNotFound"; message: string }
  | { reason: "NoAgent"; message: string; node: string };

/** @param waited seconds, for the sentence */
export function explain(target: CapturePlan["target"], found: TargetFound, waited: number): Explanation {
  if (found.kind === "node") {
    const node = target.kind === "node" ? target.node : "";
    return found.exists
      ? noAgent(node, `Node ${node} exists`, waited)
      : { reason: "TargetNotFound", message: `There is no node ${node}.` };
  }
  const name = target.kind === "pod" ? `${target.namespace}/${target.pod}` : "";
  const obstacle = podObstacle(found.pod);
  if (obstacle === undefined) {
    const node = found.pod?.spec?.nodeName ?? "";
    return noAgent(node, `Pod ${name} runs on node ${node}`, waited);
  }
  const message =
    found.pod === undefined
      ? `There is no pod ${name}; the capture waited ${waited} s for it.`
      : `Pod ${name} ${obstacle}; the capture waited ${waited} s for it to run.`;
  return { reason: "TargetNotFound", message };
}

function noAgent(node: string, what: string, waited: number): Explanation {
  const message = `${what}, but no agent there has claimed the capture within ${waited} s.`;
  return { reason: "NoAgent", message, node };
}

/** What keeps a pod from being captured, whatever agent looks; undefined = nothing. */
function podObstacle(pod: PodFound | undefined): string | undefined {
  if (pod === undefined) return "is not there";
  const { metadata, spec, status } = pod;
  const phase = status?.phase ?? "Pending";
  if (metadata.deletionTimestamp !== undefined) return "is being deleted";
  if (phase === "Succeeded" || phase === "Failed") return `has ended (${phase})`;
  if (spec?.nodeName === undefined || spec.nodeName === "") return `is ${phase} and has no node yet`;
  if (phase !== "Running") return `is ${phase} on node ${spec.nodeName}`;
  if (spec.hostNetwork !== true && (status?.podIP ?? "") === "") {
    return `is Running on node ${spec.nodeName} but has no IP`;
  }
  return undefined;
}

/** When the pod's status last changed, in the API server's time; 0 where it does not say. */
export function lastPodChange(pod: PodFound | undefined): number {
  const times = (pod?.metadata.managedFields ?? [])
    .filter(({ subresource }) => subresource === "status")
    .map(({ time }) => Date.parse(time ?? ""));
  return Math.max(0, ...times.filter((time) => !Number.isNaN(time)));
}
