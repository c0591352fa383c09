/** A node as a container runtime leaves it: a folder of mounted network namespaces, a CNI result cache, links. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { atLatestAtExit } from "./end-with-test.ts";
import {
  makeNetworkNamespace,
  makeUserNamespacedNetwork,
  type NetworkNamespace,
} from "./network-namespace.ts";
import { makeTemporaryFolder } from "./temporary-folder.ts";

export type LinkKind = "bridge" | "ptp" | "macvlan" | "ipvlan";

export interface PodOptions {
  /** With prefix length; IPv6 is switched on where one of them is. */
  addresses: string[];
  kind?: LinkKind;
  /** Name of the interface inside. */
  interfaceName?: string;
  userNamespace?: boolean;
}

export interface NodePod {
  network: NetworkNamespace;
  /** Path of the mounted namespace. */
  path: string;
  /** `DEV:INO` as its own process sees it, not by way of the mount. */
  id: string;
}

export interface CniNode {
  /** The node's own network; its mounts are not the ones that `netnsFolder` has. */
  network: NetworkNamespace;
  netnsFolder: string;
  cniCacheFolder: string;
  addPod(name: string, options: PodOptions): Promise<NodePod>;
  /** One more interface for a pod, as multus does it. */
  attach(pod: NodePod, options: PodOptions): Promise<void>;
  mount(network: NetworkNamespace, name: string): string;
  /** As a runtime does it: unmounted, then unlinked. */
  unmount(name: string): void;
  /** Writes what libcni writes after an ADD. */
  result(uid: string, name: string, interfaceName?: string): void;
  /** How many links the node has now: a pod's veth goes when its namespace does. */
  countLinks(): Promise<number>;
  remove(): void;
}

export async function makeCniNode(): Promise<CniNode> {
  const folder = makeTemporaryFolder();
  const [netnsFolder, cniCacheFolder] = [join(folder.path, "netns"), join(folder.path, "results")];
  mkdirSync(netnsFolder);
  mkdirSync(cniCacheFolder);
  const unshare = shareMounts(netnsFolder);
  const own = await makeNetworkNamespace();
  const networks: NetworkNamespace[] = [own];
  const mounts = new Map<string, () => void>();
  // With snooping the bridge itself tells each pod by IGMP that it is there (224.0.0.106, RFC 4286).
  await own.run("ip", "link", "add", "br0", "type", "bridge", "mcast_snooping", "0");
  await own.run("ip", "link", "add", "up0", "type", "veth", "peer", "name", "up1");
  for (const name of ["br0", "up0", "up1"]) await own.run("ip", "link", "set", name, "up");
  let links = 0;

  const mount = (network: NetworkNamespace, name: string): string => {
    const path = join(netnsFolder, name);
    if (!existsSync(path)) writeFileSync(path, "");
    execFileSync("mount", ["--bind", `/proc/${network.pid}/ns/net`, path]);
    const unmount = atLatestAtExit(() => execFileSync("umount", ["--lazy", path]));
    const before = mounts.get(name);
    mounts.set(name, () => {
      unmount();
      before?.();
    });
    return path;
  };
  const unmount = (name: string): void => {
    mounts.get(name)?.();
    mounts.delete(name);
    rmSync(join(netnsFolder, name), { force: true });
  };
  const attach = async ({ network }: NodePod, options: PodOptions): Promise<void> => {
    const { addresses, kind = "bridge", interfaceName = "eth0" } = options;
    links += 1;
    for (const command of linkCommands(kind, `veth${links}`, interfaceName, network.pid)) {
      await own.run("ip", "link", ...command);
    }
    await configure(network, interfaceName, addresses);
  };
  return {
    network: own,
    netnsFolder,
    cniCacheFolder,
    mount,
    unmount,
    attach,
    addPod: async (name, options) => {
      const network = await (options.userNamespace === true
        ? makeUserNamespacedNetwork()
        : makeNetworkNamespace());
      networks.push(network);
      const { dev, ino } = statSync(`/proc/${network.pid}/ns/net`);
      const pod = { network, path: mount(network, name), id: `${dev}:${ino}` };
      await attach(pod, options);
      return pod;
    },
    result: (uid, name, ifName = "eth0") => {
      const cached = cachedInfo(uid, name, ifName);
      writeFileSync(join(cniCacheFolder, `pods-${name}-${ifName}`), JSON.stringify(cached));
    },
    countLinks: async () => (await own.run("ip", "-oneline", "link")).trim().split("\n").length,
    remove: () => {
      for (const name of [...mounts.keys()]) unmount(name);
      unshare();
      for (const network of networks) network.remove();
      folder.remove();
    },
  };
}

/** What is mounted there later comes into other processes' mounts, too, as with HostToContainer. */
function shareMounts(folder: string): () => void {
  execFileSync("mount", ["--bind", folder, folder]);
  execFileSync("mount", ["--make-shared", folder]);
  return atLatestAtExit(() => execFileSync("umount", ["--lazy", folder]));
}

function linkCommands(kind: LinkKind, outside: string, inside: string, pid: number): string[][] {
  const netns = ["netns", String(pid)];
  if (kind === "macvlan")
    return [["add", "link", "up0", "name", inside, ...netns, "type", kind, "mode", "bridge"]];
  if (kind === "ipvlan")
    return [["add", "link", "up0", "name", inside, ...netns, "type", kind, "mode", "l2"]];
  const pair = ["add", "name", outside, "type", "veth", "peer", "name", inside, ...netns];
  const master = kind === "bridge" ? [["set", outside, "master", "br0"]] : [];
  return [pair, ...master, ["set", outside, "up"]];
}

async function configure(network: NetworkNamespace, name: string, addresses: string[]): Promise<void> {
  if (addresses.some((address) => address.includes(":"))) {
    await network.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0");
  }
  await network.run("ip", "link", "set", name, "up");
  for (const address of addresses) {
    // A tentative address is there as well, but the test should not depend on when it is looked at.
    const options = address.includes(":") ? ["nodad"] : [];
    await network.run("ip", "addr", "add", address, "dev", name, ...options);
  }
}

function cachedInfo(uid: string, name: string, ifName: string): object {
  const sandbox = `/var/run/netns/${name}`;
  return {
    kind: "cniCacheV1",
    containerId: name,
    ifName,
    networkName: "pods",
    netns: sandbox,
    cniArgs: [
      ["IgnoreUnknown", "1"],
      ["K8S_POD_NAMESPACE", "shop"],
      ["K8S_POD_NAME", name],
      ["K8S_POD_INFRA_CONTAINER_ID", name],
      ["K8S_POD_UID", uid],
    ],
    result: { cniVersion: "1.0.0", interfaces: [{ name: ifName, sandbox }] },
  };
}
