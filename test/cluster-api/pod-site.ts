/** A node with pods as the API server and the kernel have them, and a real agent on its network. */
import type { PacketCaptureSpec } from "../../src/api/resource.ts";
import { type CniNode, makeCniNode, type NodePod, type PodOptions } from "../helpers/cni-node.ts";
import type { NetworkNamespace } from "../helpers/network-namespace.ts";
import type { ApiServer } from "../kubernetes/api-server.ts";
import { makeNode, makePod, type PodStatus, setPodStatus } from "../kubernetes/objects.ts";
import { createCapture, type StoredCapture } from "../kubernetes/packet-captures.ts";
import { type AgentHome, makeAgentHome } from "./agent-home.ts";
import { untilProgress } from "./capture-progress.ts";

/** Namespace of the pods; `cniNode.result` writes it. */
export const SHOP = "shop";

export interface SitePod extends NodePod {
  uid: string;
}

/** A node with pods, and its agent at work. */
export interface PodSite extends AgentHome {
  cniNode: CniNode;
  /** A pod with a network that the API server knows as Running with these addresses. */
  addPod(name: string, options: PodOptions): Promise<SitePod>;
  /** Only the API server's half of a pod, Pending. @returns its uid */
  makePod(name: string, hostNetwork?: boolean): Promise<string>;
  setStatus(name: string, status: PodStatus): Promise<unknown>;
  /** Creates a capture of a pod, under the pod's name unless another is given. */
  capture(pod: string, spec?: PacketCaptureSpec, name?: string): Promise<unknown>;
  until(name: string, progress: string, seconds?: number): Promise<StoredCapture>;
}

export interface SiteOptions {
  env?: Record<string, string>;
  /** Options of setpriv that the agent starts under. */
  rights?: readonly string[];
}

/** Large enough for each test, small enough for a full disk. */
const SPEC = { captureSeconds: 600, maxFileSize: "10M", fileCount: 2 };

export async function makePodSite(
  server: ApiServer,
  nodeName: string,
  { env = {}, rights = [] }: SiteOptions = {},
): Promise<PodSite> {
  const cniNode = await makeCniNode();
  const { admin } = server;
  const { network, netnsFolder, cniCacheFolder } = cniNode;
  await makeNode(admin, nodeName);
  const places = { namespace: asHostNetworkPod(network, rights), netnsFolder, cniCacheFolder };
  const home = await makeAgentHome(server, { node: nodeName, network, ...places, env });
  await home.start();

  const create = async (name: string, hostNetwork = false): Promise<string> =>
    (await makePod(admin, { namespace: SHOP, name, node: nodeName, hostNetwork })).metadata.uid;
  const setStatus = (name: string, status: PodStatus) => setPodStatus(admin, SHOP, name, status);
  return {
    ...home,
    cniNode,
    makePod: create,
    setStatus,
    addPod: async (name, options) => {
      const pod = await cniNode.addPod(name, options);
      const uid = await create(name);
      await setStatus(name, runningWith(options.addresses));
      return { ...pod, uid };
    },
    capture: (pod, spec = {}, name = pod) =>
      createCapture(admin, "pcapper", name, { targetNamespace: SHOP, targetPod: pod, ...SPEC, ...spec }),
    until: (name, progress, seconds) => untilProgress(server, name, progress, seconds),
    remove: async () => {
      await home.remove();
      cniNode.remove();
    },
  };
}

/** What kubelet says of a pod with these addresses (with prefix length). */
export function runningWith(addresses: readonly string[]): PodStatus {
  const ips = addresses.map((address) => ({ ip: address.replace(/\/.*/, "") }));
  return { phase: "Running", ...(ips[0] && { podIP: ips[0].ip }), podIPs: ips };
}

/** On the node's network, with mounts of its own into which the host's go on coming, and that network's /sys. */
function asHostNetworkPod(
  { pid }: NetworkNamespace,
  rights: readonly string[],
): Pick<NetworkNamespace, "inside"> {
  const program = 'mount -t sysfs sysfs /sys && exec "$@"';
  const place = ["nsenter", `-t${pid}`, "-n", "--", "unshare", "--mount", "--propagation", "slave"];
  const limited = rights.length === 0 ? [] : ["setpriv", ...rights];
  return { inside: (command) => [...place, "sh", "-c", program, "sh", ...limited, ...command] };
}
