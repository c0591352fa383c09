import type { NativeError } from "../capture/native.ts";
import { normalAddresses, podAddresses } from "./address.ts";
import { interfaceByAddress, interfaceByName, listed } from "./interfaces.ts";
import { namespaceId } from "./namespaces.ts";
import { findPodNetwork, type PodNetwork } from "./pod-network.ts";
import { podObstacle } from "./pod-obstacle.ts";
import {
  type CaptureTarget,
  type InterfaceSource,
  type ResolvedTarget,
  type Surroundings,
  TargetFailure,
  type TargetPod,
} from "./target.ts";

/**
 * A capture's target → the namespace and the interface there. Never a guess: where evidence is missing or
 * contradicts itself there is a sentence instead.
 * @throws TargetFailure
 */
export async function resolveTarget(
  native: InterfaceSource,
  target: CaptureTarget,
  surroundings: Surroundings,
): Promise<ResolvedTarget> {
  try {
    if (target.kind === "node") return await onNode(native, target.interfaceName, surroundings);
    const { pod, node } = surroundings;
    const obstacle = podObstacle(target, pod, node);
    if (obstacle !== undefined || pod === undefined) throw obstacle;
    const resolve = pod.spec.hostNetwork === true ? onNodeForPod : inPod;
    return await resolve(native, pod, target.interfaceName, surroundings);
  } catch (error) {
    throw asTargetFailure(error, target);
  }
}

async function onNode(
  native: InterfaceSource,
  name: string,
  { node }: Surroundings,
): Promise<ResolvedTarget> {
  if (name !== "any" && native.interfaceIndex(name) === 0) {
    const names = (await native.interfacesIn("")).map((known) => known.name);
    throw new TargetFailure(
      "InterfaceNotFound",
      `spec.targetInterface is "${name}": node ${node} has no such interface; it has ${listed(names)} and any.`,
    );
  }
  return { networkNamespace: "", namespaceId: "", interfaceName: name, scope: "node" };
}

/** A pod on the node's network: the interface that carries the node's address. */
async function onNodeForPod(
  native: InterfaceSource,
  pod: TargetPod,
  name: string | undefined,
  { node, nodeIPs }: Surroundings,
): Promise<ResolvedTarget> {
  const interfaces = await native.interfacesIn("");
  const addresses = normalAddresses([...podAddresses(pod), pod.status.hostIP, ...nodeIPs]);
  const place = `node ${node}, whose network the pod uses,`;
  const interfaceName =
    name === undefined
      ? interfaceByAddress(interfaces, addresses, place)
      : interfaceByName(interfaces, name, place);
  return { networkNamespace: "", namespaceId: "", interfaceName, scope: "node", ...identity(pod) };
}

async function inPod(
  native: InterfaceSource,
  pod: TargetPod,
  name: string | undefined,
  surroundings: Surroundings,
): Promise<ResolvedTarget> {
  const { path, id, interfaces, cachedInterfaces } = await findLastingNetwork(native, pod, surroundings);
  const place = `pod ${pod.metadata.namespace}/${pod.metadata.name}`;
  const interfaceName =
    name === undefined
      ? interfaceByAddress(interfaces, podAddresses(pod), place, cachedInterfaces)
      : interfaceByName(interfaces, name, place);
  return { networkNamespace: path, namespaceId: id, interfaceName, scope: "pod", ...identity(pod) };
}

/** What was found under a name is still there when all has been looked at; else everything once more. */
async function findLastingNetwork(
  native: InterfaceSource,
  pod: TargetPod,
  surroundings: Surroundings,
): Promise<PodNetwork> {
  const first = await findPodNetwork(native, pod, surroundings);
  if (namespaceId(first.path) === first.id) return first;
  const second = await findPodNetwork(native, pod, surroundings);
  if (namespaceId(second.path) === second.id) return second;
  throw new TargetFailure(
    "PodNetworkNotFound",
    `the network namespace ${second.path} of pod ${pod.metadata.namespace}/${pod.metadata.name} was replaced twice while it was looked at.`,
  );
}

function identity(pod: TargetPod): Pick<ResolvedTarget, "podUID" | "podIP"> {
  const [podIP] = podAddresses(pod);
  return { podUID: pod.metadata.uid, ...(podIP === undefined ? {} : { podIP }) };
}

/** An error of the engine has the same words as reasons; any other one is a defect and stays what it is. */
function asTargetFailure(error: unknown, target: CaptureTarget): unknown {
  if (error instanceof TargetFailure || !(error instanceof Error) || !("code" in error)) return error;
  const { code, message } = error as NativeError;
  const text = message.replace(/\.$/, "");
  if (code === "PermissionDenied" && target.kind === "pod") {
    const needed = "captures of pods need the capability SYS_ADMIN in the agent's securityContext";
    return new TargetFailure("PermissionDenied", `${text}: ${needed}.`, { cause: error });
  }
  const reason = code === "PermissionDenied" ? code : "CaptureError";
  return new TargetFailure(reason, `${text}.`, { cause: error });
}
