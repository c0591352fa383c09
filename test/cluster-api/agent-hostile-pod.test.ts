import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { processFigures } from "../helpers/process-figures.ts";
import { makeNamespace } from "../kubernetes/objects.ts";
import { patchCapture } from "../kubernetes/packet-captures.ts";
import { sendFrames } from "../traffic/frame-traffic.ts";
import { capturesOnDisk } from "./captures-on-disk.ts";
import { apiServerForFile } from "./cluster.ts";
import { makePodSite, type PodSite, SHOP, type SitePod } from "./pod-site.ts";
import { giveSenderAddress, numbersIn, range, sendToPod, type Way, wayTo } from "./pod-traffic.ts";

const server = apiServerForFile();
const VICTIM = "10.10.0.1";
const HOSTILE = "10.10.0.2";
const [OURS, THEIRS] = [
  { first: 0, count: 400 },
  { first: 1_000_000, count: 300 },
];
const MEGABYTE = 1_000_000;

/** It is root in its own network namespace, as with NET_ADMIN. */
describeAsRoot("a hostile pod", () => {
  let site: PodSite;
  const pods = new Map<string, { pod: SitePod; way: Way; address: string }>();

  beforeAll(async () => {
    await makeNamespace(server().admin, SHOP);
    site = await makePodSite(server(), "worker-01");
    await giveSenderAddress(site.cniNode.network);
    for (const [name, address] of [
      ["victim", VICTIM],
      ["hostile", HOSTILE],
    ] as const) {
      const pod = await site.addPod(name, { addresses: [`${address}/32`] });
      site.cniNode.result(pod.uid, name);
      pods.set(name, { pod, way: await wayTo(site.cniNode.network, pod, "bridge"), address });
    }
  });
  afterAll(() => site?.remove());

  const podOf = (name: string) => {
    const found = pods.get(name);
    if (found === undefined) throw new Error(`no pod ${name}`);
    return found;
  };
  const inHostile = (...command: string[]) => podOf("hostile").pod.network.run(...command);
  const send = (name: string, numbers: typeof OURS) => {
    const { way, address } = podOf(name);
    return sendToPod(site.cniNode.network, way, address, numbers);
  };
  const stop = async (name: string) => {
    await patchCapture(server().admin, "pcapper", name, { spec: { stop: true } });
    return (await site.until(name, "finished")).status;
  };
  async function rename(from: string, to: string): Promise<void> {
    await inHostile("ip", "link", "set", from, "down");
    await inHostile("ip", "link", "set", from, "name", to);
    await inHostile("ip", "link", "set", to, "up");
  }

  test("that takes another's address and renames its interface gets none of the other's packets recorded as its own", async () => {
    for (const name of ["victim", "hostile"]) {
      await site.capture(name, { captureFilter: "udp" });
      await site.until(name, "running");
    }
    await inHostile("ip", "addr", "add", `${VICTIM}/32`, "dev", "eth0");
    await rename("eth0", "lo2");
    await rename("lo2", "eth0");
    await rename("eth0", "eth1");
    // A lure: another interface of the name and the address that the victim's has.
    await inHostile("ip", "link", "add", "eth0", "type", "bridge");
    await inHostile("ip", "addr", "add", `${VICTIM}/32`, "dev", "eth0");
    await inHostile("ip", "link", "set", "eth0", "up");
    await site.capture("victim", { captureFilter: "udp" }, "victim-later");
    await site.until("victim-later", "running");
    await send("victim", OURS);
    await send("hostile", THEIRS);

    expect(await stop("victim-later")).toMatchObject({
      target: { podUID: podOf("victim").pod.uid, podIP: VICTIM },
      statistics: { packets: OURS.count, dropped: 0 },
    });
    expect((await stop("victim"))?.statistics).toMatchObject({ packets: OURS.count, dropped: 0 });
    expect(await stop("hostile")).toMatchObject({
      reason: "Stopped",
      target: { podUID: podOf("hostile").pod.uid, podIP: HOSTILE },
      statistics: { packets: THEIRS.count, dropped: 0 },
    });
    for (const name of ["victim", "victim-later"]) {
      expect(await numbersIn(site.hostmount, name)).toEqual(range(OURS.first, OURS.count));
    }
    expect(await numbersIn(site.hostmount, "hostile")).toEqual(range(THEIRS.first, THEIRS.count));
    await inHostile("ip", "link", "delete", "eth0");
    await rename("eth1", "eth0");
  });

  test("whose interface has a name to deceive people has it told as it is, and is captured", async () => {
    const name = 'x"\u001b[31m$(id)';
    await rename("eth0", name);
    await site.capture("hostile", { captureFilter: "udp" }, "deceiver");
    const { status } = await site.until("deceiver", "running");
    expect(status?.interface?.name).toBe(name);
    await send("hostile", THEIRS);
    expect((await stop("deceiver"))?.statistics).toMatchObject({ packets: THEIRS.count, dropped: 0 });
    const [manifest] = capturesOnDisk(site.hostmount, "deceiver");
    expect(manifest?.interface.name).toBe(name);
    expect(readFileSync(join(manifest?.folder ?? "", manifest?.files[0]?.name ?? "")).length).toBeGreaterThan(
      24,
    );
    await rename(name, "eth0");
  });

  test("with hundreds of interfaces and addresses costs a sentence of ordinary length", async () => {
    const many =
      'for i in $(seq 300); do ip link add "d$i" type bridge; ip addr add "10.77.$((i / 250)).$((i % 250 + 1))/32" dev "d$i"; done';
    await inHostile("sh", "-c", many);
    await site.capture("hostile", { targetInterface: "none" }, "lost");
    const { status } = await site.until("lost", "failure");
    expect(status).toMatchObject({ reason: "InterfaceNotFound" });
    expect(status?.message).toMatch(/ and \d+ more\.$/);
    expect(status?.message?.length).toBeLessThan(1024);
    await site.capture("hostile", {}, "found");
    await site.until("found", "running");
    expect(await stop("found")).toMatchObject({ interface: { name: "eth0" } });
  });

  test("that floods with new flows costs the agent no memory and no descriptor, and each packet is told", async () => {
    const { network } = site.cniNode;
    const link = {
      near: network,
      far: network,
      nearName: "",
      farName: podOf("hostile").way.veth,
      remove: () => undefined,
    };
    const flood = (first: number, count: number) =>
      sendFrames(link, { kind: "flows", first, count, length: 60, rate: 40_000 });
    const spec = { captureFilter: "udp", maxFileSize: "4M", fileCount: 3 };
    await site.capture("hostile", spec, "flood");
    await site.until("flood", "running");
    // So many that its ring of files has turned.
    await flood(0, 200_000);
    const before = processFigures(site.agent().pid);
    await flood(200_000, 400_000);
    const after = processFigures(site.agent().pid);
    expect(after.memory - before.memory).toBeLessThan(16 * MEGABYTE);
    expect(after.descriptors - before.descriptors).toBeLessThan(4);
    expect(after.sockets - before.sockets).toBeLessThan(10);
    expect(after.threads).toBe(before.threads);
    const statistics = (await stop("flood"))?.statistics;
    expect((statistics?.packets ?? 0) + (statistics?.dropped ?? 0)).toBe(600_000);
    expect(statistics?.files).toBeLessThanOrEqual(3);
  });
});
