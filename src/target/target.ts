/** What the resolution of a target needs to know, and what comes of it. */
import type { CapturePlan } from "../api/plan.ts";
import type { Native } from "../capture/native.ts";

export type CaptureTarget = CapturePlan["target"];

export type InterfaceSource = Pick<Native, "interfacesIn" | "interfaceIndex">;

/** The part of a pod that says which network is its own; all that has to be kept of it in memory. */
export interface TargetPod {
  metadata: {
    namespace: string;
    name: string;
    uid: string;
    deletionTimestamp?: string;
    /** Only `kubernetes.io/config.hash` is looked at: the UID by which the runtime knows a static pod. */
    annotations?: Record<string, string>;
  };
  spec: { nodeName?: string; hostNetwork?: boolean };
  status: { phase?: string; hostIP?: string; podIP?: string; podIPs?: readonly { ip: string }[] };
}

export interface Surroundings {
  /** Name of this node. */
  node: string;
  /** Addresses of this node, as its Node object has them. */
  nodeIPs: readonly string[];
  /** The target pod as the API server has it; absent where there is no such pod. */
  pod?: TargetPod;
  /** Where the node's network namespaces are mounted: /run/netns. */
  netnsFolder: string;
  /** Where libcni keeps the results of its plugins: /var/lib/cni/results. */
  cniCacheFolder: string;
}

export interface ResolvedTarget {
  /** Path of the namespace, or "" for this process's own. */
  networkNamespace: string;
  /** `DEV:INO` of the namespace, the same for as long as it lives; "" for this process's own. */
  namespaceId: string;
  /** A name there, or `any`. */
  interfaceName: string;
  scope: "node" | "pod";
  /** Present where the target is a pod, on the node's network too. */
  podUID?: string;
  podIP?: string;
}

export type TargetFailureReason =
  | "TargetNotFound"
  | "InterfaceNotFound"
  | "PodNetworkNotFound"
  | "PermissionDenied"
  | "CaptureError";

/** Why there is nothing to capture on, with a word of the reason catalogue. */
export class TargetFailure extends Error {
  override readonly name = "TargetFailure";
  readonly reason: TargetFailureReason;

  constructor(reason: TargetFailureReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
