import { podAddresses } from "./address.ts";
import { TargetFailure, type TargetPod } from "./target.ts";

/**
 * Why a pod has no network to capture on here and now; undefined = it has one. Only a Running pod has:
 * one that has ended keeps its podIP in its status long after the address belongs to another.
 */
export function podObstacle(
  target: { namespace: string; pod: string },
  pod: TargetPod | undefined,
  node: string,
): TargetFailure | undefined {
  const name = `${target.namespace}/${target.pod}`;
  if (pod === undefined) return new TargetFailure("TargetNotFound", `there is no pod ${name}.`);
  const told = obstacle(pod, node);
  return told === undefined ? undefined : new TargetFailure("PodNetworkNotFound", `pod ${name} ${told}.`);
}

/** A sentence where the pod's containers have ended: they do not come back, and its network goes. */
export function podEnd({ metadata, status }: TargetPod): string | undefined {
  if (status.phase !== "Succeeded" && status.phase !== "Failed") return undefined;
  return `pod ${metadata.namespace}/${metadata.name} has ended (${status.phase}).`;
}

function obstacle(pod: TargetPod, node: string): string | undefined {
  const { metadata, spec, status } = pod;
  if (spec.nodeName === undefined || spec.nodeName === "") return "has no node yet";
  if (spec.nodeName !== node) return `runs on node ${spec.nodeName}, not on this one, ${node}`;
  if (metadata.deletionTimestamp !== undefined) {
    return `is being deleted since ${metadata.deletionTimestamp}: its network may go at any moment`;
  }
  if (status.phase !== "Running") {
    return `is ${status.phase ?? "without a phase"}: only a Running pod has a network of its own`;
  }
  if (spec.hostNetwork !== true && podAddresses(pod).length === 0) return "has no IP yet";
  return undefined;
}
