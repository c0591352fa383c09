import type { PacketCapture } from "../../api/resource.ts";
import type { KubernetesObject } from "../../kubernetes/kubernetes-object.ts";
import type { TargetPod } from "../../target/target.ts";
import { isFinal } from "../progress.ts";

/**
 * What is kept of a capture in memory: all but who managed which field, and little of one that has ended. A
 * namespace may have many thousands of those.
 */
export function keptCapture(object: KubernetesObject): PacketCapture {
  const { metadata, ...rest } = object as PacketCapture & { metadata: { managedFields?: unknown } };
  const { managedFields: _managedFields, ...kept } = metadata;
  const capture = { ...rest, metadata: kept };
  return isFinal(capture.status?.progress) ? endedCapture(capture) : capture;
}

/** What finds its files when it is deleted, stops its engine, and tells whose answer it has. */
function endedCapture({ apiVersion, kind, metadata, spec, status = {} }: PacketCapture): PacketCapture {
  const named = [
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
  ] as const;
  const said = status.node === undefined ? (["reason", "message", "endTime"] as const) : [];
  return {
    apiVersion,
    kind,
    metadata: picked(metadata, named),
    spec: picked(spec, ["stop"]),
    status: picked(status, ["progress", "node", ...said]),
  };
}

/** Without those that are not there. */
function picked<T extends object, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  const entries = names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]);
  return Object.fromEntries(entries) as Pick<T, K>;
}

const CONFIG_HASH = "kubernetes.io/config.hash";

/** What is kept of a pod in memory: what finds its network. A node may have hundreds of large ones. */
export function keptPod(object: KubernetesObject): TargetPod {
  const { metadata, spec, status } = object as unknown as TargetPod;
  const { namespace, name, uid, deletionTimestamp, annotations } = metadata;
  const hash = annotations?.[CONFIG_HASH];
  const { phase, hostIP, podIP, podIPs } = status;
  return {
    metadata: {
      namespace,
      name,
      uid,
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      ...(hash === undefined ? {} : { annotations: { [CONFIG_HASH]: hash } }),
    },
    spec: {
      ...(spec.nodeName === undefined ? {} : { nodeName: spec.nodeName }),
      ...(spec.hostNetwork === undefined ? {} : { hostNetwork: spec.hostNetwork }),
    },
    status: {
      ...(phase === undefined ? {} : { phase }),
      ...(hostIP === undefined ? {} : { hostIP }),
      ...(podIP === undefined ? {} : { podIP }),
      ...(podIPs === undefined ? {} : { podIPs }),
    },
  };
}
