import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { execute } from "../helpers/execute.ts";
import { judge } from "../helpers/judges.ts";
import { makeNetworkNamespace, type NetworkNamespace } from "../helpers/network-namespace.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { makeNamespace, makePod, setPodStatus } from "../kubernetes/objects.ts";
import { mustKubectl, readCapture } from "../kubernetes/packet-captures.ts";
import { capturesOnDisk } from "./captures-on-disk.ts";
import { apiServerForFile } from "./cluster.ts";
import { makePodSite, type PodSite, runningWith } from "./pod-site.ts";

/** The design document's two examples, word for word but for the group of the API. */
const PCAP1 = `apiVersion: packetcapture.pcapper/v1alpha1
kind: PacketCapture
metadata:
  name: pcap1
  namespace: pcapper
spec:
  targetNamespace: test-namespace
  targetPod: test-pod
  captureSeconds: "600"
  captureFilter: "icmp and host 192.168.1.10"
  maxFileSize: "100M"
  fileCount: "10"
`;
const PCAP2 = `apiVersion: packetcapture.pcapper/v1alpha1
kind: PacketCapture
metadata:
  name: pcap2
  namespace: pcapper
spec:
  targetNode: worker-01
  targetInterface: eno1
  captureSeconds: "600"
  captureFilter: "icmp and host 192.168.1.10"
  maxFileSize: "100M"
  fileCount: "10"
`;

const server = apiServerForFile();
const PINGS = 20;
/** The address that the examples filter for. */
const HOST = "192.168.1.10";
const OTHER_HOST = "192.168.1.11";

describeAsRoot("the design document's examples on a cluster of three nodes", () => {
  const folder = makeTemporaryFolder();
  const sites = new Map<string, PodSite>();
  let peer: NetworkNamespace;

  const site = (name: string): PodSite => {
    const found = sites.get(name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  };

  beforeAll(async () => {
    const { admin } = server();
    await makeNamespace(admin, "test-namespace");
    for (const name of ["worker-01", "worker-02", "worker-03"]) {
      sites.set(name, await makePodSite(server(), name, { env: { CAPTURE_BUFFER: "4Mi" } }));
    }
    peer = await giveEno1(site("worker-01"));
    await giveTestPod(site("worker-02"));
  }, 120_000);
  afterAll(async () => {
    for (const one of sites.values()) await one.remove();
    peer?.remove();
    folder.remove();
  });

  /** worker-01 gets eno1, with both hosts behind it. */
  async function giveEno1({ cniNode: { network } }: PodSite): Promise<NetworkNamespace> {
    const behind = await makeNetworkNamespace();
    const other = ["peer", "name", "port0", "netns", String(behind.pid)];
    await network.run("ip", "link", "add", "eno1", "type", "veth", ...other);
    await network.run("ip", "addr", "add", "192.168.1.1/24", "dev", "eno1");
    await network.run("ip", "link", "set", "eno1", "up");
    for (const host of [HOST, OTHER_HOST])
      await behind.run("ip", "addr", "add", `${host}/24`, "dev", "port0");
    await behind.run("ip", "link", "set", "port0", "up");
    return behind;
  }

  /** worker-02 runs the pod: it is one of the hosts, and the node has both addresses to ask from. */
  async function giveTestPod({ cniNode }: PodSite): Promise<void> {
    const { admin } = server();
    await cniNode.addPod("test-pod", { addresses: ["192.168.1.20/24"] });
    for (const host of [HOST, OTHER_HOST])
      await cniNode.network.run("ip", "addr", "add", `${host}/24`, "dev", "br0");
    await makePod(admin, { namespace: "test-namespace", name: "test-pod", node: "worker-02" });
    await setPodStatus(admin, "test-namespace", "test-pod", runningWith(["192.168.1.20/24"]));
  }

  const kubectl = (...args: string[]): Promise<string> =>
    mustKubectl(server(), ...args, "--namespace=pcapper");

  async function apply(name: string, text: string): Promise<void> {
    const path = join(folder.path, `${name}.yaml`);
    writeFileSync(path, text);
    expect(await mustKubectl(server(), "apply", "-f", path)).toContain(`${name} created`);
    const progress = "--for=jsonpath={.status.progress}=running";
    await kubectl("wait", `packetcapture/${name}`, progress, "--timeout=20s");
  }

  const ping = (network: NetworkNamespace, from: string, to: string): Promise<string> =>
    network.run("ping", "-q", "-c", String(PINGS), "-i", "0.02", "-I", from, to);

  /** What wants to be told when it ends, in each of the ways that kubectl has. */
  function waitForEnd(name: string): Promise<string[]> {
    const ways = ["condition=Finished", "condition=Complete", "jsonpath={.status.progress}=finished"];
    return Promise.all(ways.map((way) => kubectl("wait", `pcap/${name}`, `--for=${way}`, "--timeout=30s")));
  }

  async function expectCaptured(name: string, node: string, on: string): Promise<void> {
    const { status } = await readCapture(server().admin, "pcapper", name);
    expect(status).toMatchObject({
      progress: "finished",
      reason: "Stopped",
      node,
      interface: { name: on, linkType: "EN10MB" },
      statistics: { packets: 2 * PINGS, dropped: 0, files: 1 },
    });
    const location = status?.fileLocation ?? "";
    expect(location).toMatch(new RegExp(`^/var/pcapper/${name}/${node}\\.${name}\\.\\d{10}\\.00001\\.pcap$`));
    const file = location.replace("/var/pcapper", site(node).hostmount);
    expect((await judge(file)).records).toHaveLength(2 * PINGS);
    const others = await execute(["tcpdump", "-Z", "root", "-nn", "-r", file, `not (icmp and host ${HOST})`]);
    expect(others.stdout).toBe("");
    for (const [other, { hostmount }] of sites) {
      expect(capturesOnDisk(hostmount, name), other).toHaveLength(other === node ? 1 : 0);
    }
    expect(readdirSync(join(site(node).hostmount, name)).some((file) => file.includes(".part"))).toBe(false);
  }

  /** The Events that kubectl describe shows: reasons and sentences, oldest first. */
  async function described(name: string): Promise<[string, string][]> {
    const text = await waitUntil("kubectl describe tells the end", async () => {
      const found = await kubectl("describe", "pcap", name);
      return /Normal +Stopped/.test(found) && found;
    });
    const lines = text.slice(text.indexOf("\nEvents:")).split("\n").slice(4);
    return lines.flatMap((line) => {
      const [, type = "", reason = "", , from = "", message = ""] = line.split(/ {2,}/);
      return type === "" ? [] : [[`${type} ${reason} ${from}`, message] as [string, string]];
    });
  }

  const EXAMPLES = [
    ["pcap1", PCAP1, "worker-02", "eth0"],
    ["pcap2", PCAP2, "worker-01", "eno1"],
  ] as const;

  test.each(EXAMPLES)(
    "%s: claimed by its node, captured, and told in all of kubectl's ways",
    async (name, text, node, on) => {
      await apply(name, text);
      const { network } = site(node).cniNode;
      const [near, far] = name === "pcap1" ? [HOST, "192.168.1.20"] : ["192.168.1.1", HOST];
      const unwanted = name === "pcap1" ? [OTHER_HOST, "192.168.1.20"] : ["192.168.1.1", OTHER_HOST];
      await ping(network, near, far);
      await ping(network, ...(unwanted as [string, string]));
      const ended = waitForEnd(name);
      await kubectl("patch", "pcap", name, "--type=merge", '--patch={"spec":{"stop":true}}');
      for (const line of await ended) expect(line).toContain("condition met");
      // And for whoever asks later.
      for (const line of await waitForEnd(name)) expect(line).toContain("condition met");
      await expectCaptured(name, node, on);
      // kubectl sorts by whole seconds: what comes within one is in any order.
      const order = ["Scheduled", "Running", "Stopped"];
      const heads = order.map((reason) => `Normal ${reason} pcapper-agent`);
      const events = (await described(name)).sort(([a], [b]) => heads.indexOf(a) - heads.indexOf(b));
      expect(events.map(([head]) => head)).toEqual(heads);
      const [[, claimed = ""] = [], [, running = ""] = [], [, stopped = ""] = []] = events;
      expect(claimed).toBe(`Claimed by ${node}.`);
      expect(running).toBe(`Capturing packets that match "icmp and host ${HOST}" on ${on} for 600 s.`);
      expect(stopped).toBe(
        `spec.stop was set to true. ${2 * PINGS} packets captured (packets that match "icmp and host ${HOST}").`,
      );
    },
    120_000,
  );

  test("kubectl get reads well", async () => {
    const lines = (await kubectl("get", "pcap")).trimEnd().split("\n");
    expect(lines.map((line) => line.split(/ {2,}/).slice(0, 7))).toEqual([
      ["NAME", "NODE", "INTERFACE", "PROGRESS", "PACKETS", "DROPPED", "FILES"],
      ["pcap1", "worker-02", "eth0", "finished", String(2 * PINGS), "0", "1"],
      ["pcap2", "worker-01", "eno1", "finished", String(2 * PINGS), "0", "1"],
    ]);
    const wide = await kubectl("get", "pcap", "pcap2", "--output=wide");
    expect(wide).toMatch(
      /\/var\/pcapper\/pcap2\/worker-01\.pcap2\.\d+\.00001\.pcap +icmp and host 192\.168\.1\.10 +Stopped/,
    );
  });

  test("the pod's owner is told that its traffic was recorded, and by whom", async () => {
    const text = await mustKubectl(server(), "describe", "pod", "test-pod", "--namespace=test-namespace");
    expect(text).toMatch(
      /Normal +TrafficRecorded .*on eth0 is being recorded by PacketCapture pcapper\/pcap1/,
    );
  });
});
