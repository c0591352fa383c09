import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Access } from "../kubernetes/api-client.ts";
import { kubeconfigText } from "../kubernetes/kubeconfig.ts";
import type { NodeAddresses } from "./addresses.ts";
import type { ClusterPlace } from "./place.ts";

/** A node has a /var of its own; its programs keep all they have where they would on a machine of their own. */
export function varOf(place: ClusterPlace, node: string): string {
  return join(place.folder, node, "var");
}

/** Paths as the node's programs see them. */
export const INSIDE = {
  containerdConfiguration: "/var/lib/node/containerd.toml",
  kubeletConfiguration: "/var/lib/node/kubelet.yaml",
  kubeconfig: "/var/lib/node/kubeconfig",
  cni: "/var/lib/node/cni",
  containerdSocket: "/run/containerd/containerd.sock",
} as const;

export interface NodeFiles {
  node: NodeAddresses;
  access: Access;
  cniPlugins: string;
  /** Image that holds a pod's namespaces. */
  sandboxImage: string;
}

/** Writes all that the node's programs are told. */
export function writeNodeFiles(place: ClusterPlace, files: NodeFiles): void {
  const folder = varOf(place, files.node.name);
  const write = (inside: string, text: string): void =>
    writeFileSync(join(folder, inside.replace("/var/", "")), text, { mode: 0o600 });
  mkdirSync(join(folder, "lib/node/cni"), { recursive: true });
  for (const name of ["log", "tmp"]) mkdirSync(join(folder, name), { recursive: true });
  symlinkSync("/run", join(folder, "run"));
  write(`${INSIDE.cni}/10-pods.conflist`, JSON.stringify(cniConfiguration(files.node)));
  write(INSIDE.containerdConfiguration, containerdConfiguration(files));
  write(INSIDE.kubeletConfiguration, stringify(kubeletConfiguration(place, files.node)));
  write(INSIDE.kubeconfig, kubeconfigText(files.access));
}

function cniConfiguration({ pods }: NodeAddresses): object {
  const ipam = { type: "host-local", ranges: [[{ subnet: pods }]], routes: [{ dst: "0.0.0.0/0" }] };
  const plugins = [{ type: "bridge", bridge: "cni0", isGateway: true, ipam }];
  return { cniVersion: "0.4.0", name: "pods", plugins };
}

/** TOML. */
function containerdConfiguration({ cniPlugins, sandboxImage }: NodeFiles): string {
  return `version = 2
[grpc]
  address = "${INSIDE.containerdSocket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd-opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${sandboxImage}"
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "${cniPlugins}"
  conf_dir = "${INSIDE.cni}"
`;
}

function kubeletConfiguration({ cgroup }: ClusterPlace, { name }: NodeAddresses): object {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: `unix://${INSIDE.containerdSocket}`,
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${cgroup}/${name}`,
    failCgroupV1: false,
    failSwapOn: false,
    // Nobody but this cluster reaches the node's address.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    resolvConf: "",
    volumePluginDir: "/var/lib/kubelet/volume-plugins",
    // This machine's disk may be fuller than a node's should be.
    imageGCHighThresholdPercent: 100,
    evictionHard: { "memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    // Tests wait for each of these.
    syncFrequency: "10s",
    nodeStatusUpdateFrequency: "4s",
  };
}
