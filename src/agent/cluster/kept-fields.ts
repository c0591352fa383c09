import type { PacketCapture } from "../../api/resource.ts";
import type { KubernetesObject } from "../../kubernetes/kubernetes-object.ts";
import type { TargetPod } from "../../target/target.ts";

/** What is kept of a capture in memory: all but who managed which field. */
export function keptCapture(object: KubernetesObject): PacketCapture {
  const { metadata, ...rest } = object as PacketCapture & { metadata: { managedFields?: unknown } };
  const { managedFields: _managedFields, ...kept } = metadata;
  return { ...rest, metadata: kept };
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
