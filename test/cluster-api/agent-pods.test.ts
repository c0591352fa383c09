import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import type { PodOptions } from "../helpers/cni-node.ts";
import { possibleHere } from "../helpers/link-kinds.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { listEvents, makeNamespace, type StoredEvent } from "../kubernetes/objects.ts";
import { patchCapture } from "../kubernetes/packet-captures.ts";
import { apiServerForFile } from "./cluster.ts";
import { makePodSite, type PodSite, SHOP } from "./pod-site.ts";
import { giveSenderAddress, numbersIn, range, sendOut, sendToPod, wayTo } from "./pod-traffic.ts";

const server = apiServerForFile();
const [OURS, OTHERS] = [
  { first: 0, count: 400 },
  { first: 1_000_000, count: 300 },
];

const isIPv6 = (address: string): boolean => address.includes(":");

describeAsRoot("captures of pods on a real API server", () => {
  let site: PodSite;
  beforeAll(async () => {
    await makeNamespace(server().admin, SHOP);
    site = await makePodSite(server(), "worker-01");
    await giveSenderAddress(site.cniNode.network);
  });
  afterAll(() => site?.remove());

  const stop = async (name: string) => {
    await patchCapture(server().admin, "pcapper", name, { spec: { stop: true } });
    return site.until(name, "finished");
  };
  const recordedOf = (pod: string): Promise<StoredEvent> =>
    waitUntil(`an Event on pod ${pod}`, async () =>
      (await listEvents(server().admin, SHOP, pod)).find(({ reason }) => reason === "TrafficRecorded"),
    );
  /** Addresses of one host each: the pod has no way back, and so says nothing itself. */
  const cases: [string, PodOptions, PodOptions][] = [
    ["veth-bridge", { addresses: ["10.5.0.1/32"] }, { addresses: ["10.5.0.2/32"] }],
    ["ptp", { addresses: ["10.5.1.1/32"], kind: "ptp" }, { addresses: ["10.5.1.2/32"], kind: "ptp" }],
    [
      "macvlan",
      { addresses: ["10.5.2.1/32"], kind: "macvlan" },
      { addresses: ["10.5.2.2/32"], kind: "macvlan" },
    ],
    [
      "user-namespace",
      { addresses: ["10.5.3.1/32"], userNamespace: true },
      { addresses: ["10.5.3.2/32"], userNamespace: true },
    ],
    ["ipv6-only", { addresses: ["fd00:5::1/128"] }, { addresses: ["fd00:5::2/128"] }],
    [
      "dual-stack",
      { addresses: ["10.5.5.1/32", "fd00:5:5::1/128"] },
      { addresses: ["10.5.5.2/32", "fd00:5:5::2/128"] },
    ],
    [
      "ipvlan",
      { addresses: ["10.5.6.1/32"], kind: "ipvlan" },
      { addresses: ["10.5.6.2/32"], kind: "ipvlan" },
    ],
  ];
  describe.each(possibleHere(cases))("%s", (name, options, otherOptions) => {
    test("the packets of each pod and no others are in its files", async () => {
      const podIP = options.addresses[0]?.replace(/\/.*/, "") ?? "";
      const otherName = `${name}-other`;
      const pods = {
        [name]: await site.addPod(name, options),
        [otherName]: await site.addPod(otherName, otherOptions),
      };
      // An IPv6 stack has things to say by itself.
      const spec = options.addresses.some(isIPv6) ? { captureFilter: "udp" } : {};
      const [ours, others] = [OURS, OTHERS].map(({ first, count }) => ({
        first,
        count: count * options.addresses.length,
      })) as [typeof OURS, typeof OURS];
      for (const pod of Object.keys(pods)) await site.capture(pod, spec);
      const { status, metadata } = await site.until(name, "running");
      await site.until(otherName, "running");
      const target = { podUID: pods[name]?.uid, podIP };
      const on = { name: "eth0", scope: "pod", linkType: "EN10MB" };
      expect(status).toMatchObject({ node: "worker-01", target, interface: on });
      const event = await recordedOf(name);
      expect(event.involvedObject).toMatchObject({ kind: "Pod", namespace: SHOP, uid: target.podUID });
      expect(event.message).toContain(`pcapper/${name} `);
      expect(event.message).toContain(metadata.uid);

      await Promise.all([send(name, options, OURS), send(otherName, otherOptions, OTHERS)]);
      const ended = await stop(name);
      expect(ended.status).toMatchObject({ reason: "Stopped", target, interface: on });
      expect(ended.status?.statistics).toMatchObject({ packets: ours.count, dropped: 0 });
      expect((await stop(otherName)).status?.statistics).toMatchObject({ packets: others.count, dropped: 0 });
      expect(await numbersIn(site.hostmount, name)).toEqual(range(ours.first, ours.count));
      expect(await numbersIn(site.hostmount, otherName)).toEqual(range(others.first, others.count));

      /** Each address has its share, one behind the other. */
      async function send(pod: string, { addresses, kind = "bridge" }: PodOptions, numbers: typeof OURS) {
        const { network } = site.cniNode;
        const found = pods[pod];
        if (found === undefined) throw new Error(`no pod ${pod}`);
        const way = await wayTo(network, found, kind);
        for (const [index, address] of addresses.entries()) {
          const share = { first: numbers.first + index * numbers.count, count: numbers.count };
          if (isIPv6(address)) await sendOut(network, way.veth, share);
          else await sendToPod(network, way, address.replace(/\/.*/, ""), share);
        }
      }
    });
  });

  test("two interfaces: only the one that spec.targetInterface names", async () => {
    const pod = await site.addPod("two", { addresses: ["10.5.4.1/32"] });
    await site.cniNode.attach(pod, { addresses: ["172.16.4.1/32"], kind: "ptp", interfaceName: "net1" });
    // An interface that was just made may still say something of its own.
    await site.capture("two", { captureFilter: "udp" }, "two-first");
    await site.capture("two", { captureFilter: "udp", targetInterface: "net1" }, "two-second");
    await site.capture("two", { targetInterface: "net9" }, "two-none");
    const first = await site.until("two-first", "running");
    const { status } = await site.until("two-second", "running");
    expect(first.status?.interface).toMatchObject({ name: "eth0", scope: "pod" });
    expect(status?.interface).toMatchObject({ name: "net1", scope: "pod" });
    expect(status?.target).toEqual({ podUID: pod.uid, podIP: "10.5.4.1" });
    const { network } = site.cniNode;
    await sendToPod(network, await wayTo(network, pod, "bridge"), "10.5.4.1", OTHERS);
    await sendToPod(network, await wayTo(network, pod, "ptp", "net1"), "172.16.4.1", OURS);
    await stop("two-first");
    await stop("two-second");
    expect(await numbersIn(site.hostmount, "two-first")).toEqual(range(OTHERS.first, OTHERS.count));
    expect(await numbersIn(site.hostmount, "two-second")).toEqual(range(OURS.first, OURS.count));
    const none = (await site.until("two-none", "failure")).status;
    expect(none).toMatchObject({ reason: "InterfaceNotFound" });
    expect(none?.message).toMatch(/"net9": pod shop\/two has no such interface; it has lo, .*eth0.*, net1/);
  });

  test("a pod on the node's network: the node's interface that carries its IP", async () => {
    const { network } = site.cniNode;
    await network.run("ip", "addr", "add", "192.0.2.1/32", "dev", "up1");
    const podUID = await site.makePod("host", true);
    await site.setStatus("host", { phase: "Running", podIP: "192.0.2.1", hostIP: "192.0.2.1" });
    await site.capture("host");
    const { status } = await site.until("host", "running");
    expect(status?.interface).toMatchObject({ name: "up1", scope: "node" });
    expect(status?.target).toEqual({ podUID, podIP: "192.0.2.1" });
    expect((await recordedOf("host")).message).toContain("pcapper/host ");
    await sendOut(network, "up0", OURS);
    await sendOut(network, "br0", OTHERS);
    expect((await stop("host")).status?.statistics).toMatchObject({ packets: OURS.count, dropped: 0 });
    expect(await numbersIn(site.hostmount, "host")).toEqual(range(OURS.first, OURS.count));
  });
});
