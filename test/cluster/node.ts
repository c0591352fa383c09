import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { delimiter } from "node:path";
import { execute } from "../helpers/execute.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import type { NodeAddresses } from "./addresses.ts";
import { makeCgroup } from "./cgroups.ts";
import type { Programs } from "./control-plane.ts";
import { startDaemon, stopDaemon } from "./daemon.ts";
import { holderPid, holdNetworkAndMounts, inNode } from "./holder.ts";
import { INSIDE, varOf } from "./node-files.ts";
import type { ClusterPlace } from "./place.ts";

/** What a kubelet sets on its machine. This one finds files of its own instead, and the machine keeps what it has. */
const KERNEL_PARAMETERS = [
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
];

/** sh; $1 is the node's /var, the rest are kernel parameters. /run/netns is there as on any node. */
const PREPARE = `
mount --make-rshared /
mount --bind "$1" /var
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /run/lock /run/parameters
shift
for parameter; do
  copy=/run/parameters/$(basename "$parameter")
  cat "/proc/sys/$parameter" >"$copy"
  mount --bind "$copy" "/proc/sys/$parameter"
done
mount --make-rshared /
`;

/** Makes a node's namespaces and its cgroup. @returns their holder */
export function makeNode(place: ClusterPlace, { name }: NodeAddresses): Promise<number> {
  makeCgroup(`${place.cgroup}/${name}`);
  return holdNetworkAndMounts(place, name, PREPARE, [varOf(place, name), ...KERNEL_PARAMETERS]);
}

/** Starts containerd on a node; resolves when it answers. */
export async function startContainerd(
  place: ClusterPlace,
  { name }: NodeAddresses,
  programs: Programs,
): Promise<void> {
  const holder = holderPid(place, name);
  const path = [...programs.path, process.env.PATH].join(delimiter);
  const command = ["env", `PATH=${path}`, programs.containerd, "--config", INSIDE.containerdConfiguration];
  const containerd = startDaemon(place, containerdOf(name), inNode(holder, command));
  await waitUntil(
    `containerd of ${name} answers`,
    async () => {
      containerd.mustBeAlive();
      return (await execute(inNode(holder, [...ctr(programs), "version"]))).code === 0;
    },
    60,
  );
}

/** Starts the kubelet of a node whose containerd runs. */
export function startKubelet(
  place: ClusterPlace,
  { name, address }: NodeAddresses,
  programs: Programs,
): void {
  const options = [
    `--config=${INSIDE.kubeletConfiguration}`,
    `--kubeconfig=${INSIDE.kubeconfig}`,
    `--hostname-override=${name}`,
    `--node-ip=${address}`,
  ];
  startDaemon(place, kubeletOf(name), inNode(holderPid(place, name), [programs.kubelet, ...options]));
}

/** Ends a node's kubelet; its containers go on. */
export function stopKubelet(place: ClusterPlace, { name }: NodeAddresses): Promise<void> {
  return stopDaemon(place, kubeletOf(name));
}

/** As a daemon of the cluster. */
export function kubeletOf(node: string): string {
  return `kubelet-${node}`;
}

/** As a daemon of the cluster. */
export function containerdOf(node: string): string {
  return `containerd-${node}`;
}

function ctr({ ctr }: Programs): string[] {
  return [ctr, "--address", INSIDE.containerdSocket, "--namespace", "k8s.io"];
}

/** Gives a node the images of an archive, as a pull would. */
export async function importImages(
  place: ClusterPlace,
  { name }: NodeAddresses,
  programs: Programs,
  archive: string,
): Promise<void> {
  const [file = "", ...args] = inNode(holderPid(place, name), [...ctr(programs), "images", "import", "-"]);
  const child = spawn(file, args, { stdio: ["pipe", "ignore", "pipe"] });
  let told = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    told += text;
  });
  createReadStream(archive).pipe(child.stdin);
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${name} does not take the images of ${archive}: ${told}`);
}
