import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isFinal } from "../../src/agent/progress.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { makeNamespace, removePod } from "../kubernetes/objects.ts";
import { patchCapture, readCapture, type StoredCapture } from "../kubernetes/packet-captures.ts";
import { apiServerForFile } from "./cluster.ts";
import { makePodSite, type PodSite, runningWith, SHOP, type SitePod } from "./pod-site.ts";
import { giveSenderAddress, numbersIn, range, sendToPod, wayTo } from "./pod-traffic.ts";

const server = apiServerForFile();
const OURS = { first: 0, count: 400 };
let site: PodSite;

beforeAll(() => makeNamespace(server().admin, SHOP));

async function open(node: string, env: Record<string, string> = {}): Promise<void> {
  site = await makePodSite(server(), node, { env });
  await giveSenderAddress(site.cniNode.network);
}

async function send(pod: Pick<SitePod, "network">, address: string): Promise<void> {
  const { network } = site.cniNode;
  await sendToPod(network, await wayTo(network, pod, "bridge"), address, OURS);
}

const read = async (name: string) => (await readCapture(server().admin, "pcapper", name)).status;

async function stop(name: string) {
  await patchCapture(server().admin, "pcapper", name, { spec: { stop: true } });
  return site.until(name, "finished");
}

describeAsRoot("a pod that comes and goes", () => {
  beforeAll(() => open("worker-01"));
  afterAll(() => site?.remove());

  test("is waited for while it is not there and while it is Pending, and captured as soon as it runs", async () => {
    await site.capture("late");
    const { network } = await site.cniNode.addPod("late", { addresses: ["10.6.0.1/32"] });
    const podUID = await site.makePod("late");
    await site.setStatus("late", { phase: "Pending" });
    expect(await read("late")).toBeUndefined();
    await site.setStatus("late", runningWith(["10.6.0.1"]));
    const { status } = await site.until("late", "running");
    expect(status).toMatchObject({ target: { podUID, podIP: "10.6.0.1" }, interface: { scope: "pod" } });
    await send({ network }, "10.6.0.1");
    expect((await stop("late")).status?.statistics).toMatchObject({ packets: OURS.count, dropped: 0 });
    expect(await numbersIn(site.hostmount, "late")).toEqual(range(OURS.first, OURS.count));
  });

  const takenDown = async (name: string): Promise<void> => site.cniNode.unmount(name);
  const ends: [string, (name: string) => Promise<unknown>][] = [
    ["deleted and taken down", (name) => takenDown(name).then(() => removePod(server().admin, SHOP, name))],
    ["taken down while the API server still has it", takenDown],
    ["deleted while its network is still there", (name) => removePod(server().admin, SHOP, name)],
    ["Succeeded", (name) => site.setStatus(name, { phase: "Succeeded", podIP: "10.6.1.1" })],
  ];
  test.each(ends)("%s: the capture is finished and the network let go at once", async (title, end) => {
    const name = title.toLowerCase().replaceAll(" ", "-");
    const before = await site.cniNode.countLinks();
    const pod = await site.addPod(name, { addresses: ["10.6.1.1/32"] });
    await site.capture(name);
    await site.until(name, "running");
    await send(pod, "10.6.1.1");
    // The pod's processes end; the mount, and an open socket, would keep its network.
    pod.network.remove();
    await end(name);
    const { status } = await site.until(name, "finished");
    expect(status).toMatchObject({ reason: "TargetGone", target: { podUID: pod.uid, podIP: "10.6.1.1" } });
    expect(status?.message).toMatch(/ gone\..*400 packets captured/);
    expect(status?.statistics).toMatchObject({ packets: OURS.count, dropped: 0 });
    await takenDown(name);
    await waitUntil("the pod's veth to go", async () => (await site.cniNode.countLinks()) === before, 3);
    expect(await numbersIn(site.hostmount, name)).toEqual(range(OURS.first, OURS.count));
  });

  test("a capture that ends by itself lets the pod's network go, too", async () => {
    const before = await site.cniNode.countLinks();
    const pod = await site.addPod("short", { addresses: ["10.6.2.1/32"] });
    await site.capture("short", { captureSeconds: 1 });
    expect((await site.until("short", "finished")).status).toMatchObject({ reason: "TimeElapsed" });
    pod.network.remove();
    await takenDown("short");
    await waitUntil("the pod's veth to go", async () => (await site.cniNode.countLinks()) === before, 3);
  });

  test("a pod that goes while its capture is being started ends it, too", async () => {
    await site.cniNode.network.run("ip", "addr", "add", "192.0.2.1/32", "dev", "up1");
    for (let round = 0; round < 10; round += 1) {
      const name = `brief-${round}`;
      await site.makePod(name, true);
      await site.setStatus(name, { phase: "Running", podIP: "192.0.2.1" });
      await site.capture(name);
      await waitUntil(`${name} is claimed`, async () => (await read(name)) !== undefined);
      // Another moment of the start in each round.
      await pause(round * 2);
      await removePod(server().admin, SHOP, name);
      const status = await waitUntil(`${name} has ended`, async () => {
        const found = await read(name);
        return isFinal(found?.progress) && found;
      });
      // The last one where its network is gone before the API server has told of the pod's end.
      expect(["TargetGone", "TargetNotFound", "PodNetworkNotFound"]).toContain(status.reason);
    }
  });

  test("one of the same name that comes after it is not taken for it", async () => {
    await site.addPod("again", { addresses: ["10.6.3.1/32"] });
    await site.capture("again");
    const { status } = await site.until("again", "running");
    await removePod(server().admin, SHOP, "again");
    const uid = await site.makePod("again");
    await site.setStatus("again", runningWith(["10.6.3.1"]));
    const ended = (await site.until("again", "finished")).status;
    expect(ended).toMatchObject({ reason: "TargetGone", target: { podUID: status?.target?.podUID } });
    expect(uid).not.toBe(status?.target?.podUID);
  });
});

describeAsRoot("a leftover namespace with the pod's IP", () => {
  beforeAll(() => open("worker-02"));
  afterAll(() => site?.remove());

  test("is not guessed at: the failure names both, and the CNI cache decides", async () => {
    const leftover = await site.cniNode.addPod("leftover", { addresses: ["10.7.0.1/32"] });
    const web = await site.addPod("web", { addresses: ["10.7.0.1/32"] });
    await site.capture("web", {}, "guess");
    const { status } = await site.until("guess", "failure");
    expect(status).toMatchObject({ reason: "PodNetworkNotFound" });
    expect(status?.message).toContain(
      `pod shop/web (10.7.0.1) may be any of ${leftover.path}, ${web.path}: `,
    );
    expect(existsSync(join(site.hostmount, "guess"))).toBe(false);

    site.cniNode.result(web.uid, "web");
    await site.capture("web", {}, "known");
    await site.until("known", "running");
    await send(leftover, "10.7.0.1");
    await send(web, "10.7.0.1");
    expect((await stop("known")).status?.statistics).toMatchObject({ packets: OURS.count, dropped: 0 });
    expect(await numbersIn(site.hostmount, "known")).toEqual(range(OURS.first, OURS.count));
  });
});

describeAsRoot("a pod that has given itself another pod's address", () => {
  beforeAll(() => open("worker-05"));
  afterAll(() => site?.remove());

  test("is not captured on where the CNI cache knows it: only the other pod's packets are recorded", async () => {
    const thief = await site.addPod("thief", { addresses: ["10.10.0.66/32"] });
    await thief.network.run("ip", "addr", "add", "10.10.0.1/32", "dev", "eth0");
    const web = await site.addPod("robbed", { addresses: ["10.10.0.1/32"] });
    await site.capture("robbed", {}, "doubt");
    expect((await site.until("doubt", "failure")).status).toMatchObject({ reason: "PodNetworkNotFound" });

    site.cniNode.result(thief.uid, "thief");
    await site.capture("robbed");
    const { status } = await site.until("robbed", "running");
    expect(status?.target).toEqual({ podUID: web.uid, podIP: "10.10.0.1" });
    const { network } = site.cniNode;
    const others = { first: 1_000_000, count: 100 };
    await sendToPod(network, await wayTo(network, thief, "bridge"), "10.10.0.1", others);
    await send(web, "10.10.0.1");
    expect((await stop("robbed")).status?.statistics).toMatchObject({ packets: OURS.count, dropped: 0 });
    expect(await numbersIn(site.hostmount, "robbed")).toEqual(range(OURS.first, OURS.count));
  });
});

describeAsRoot("a pod that does not run", () => {
  beforeAll(() => open("worker-03", { TARGET_WAIT: "2s" }));
  afterAll(() => site?.remove());

  test("is not captured on: not the address of one that has Succeeded, which another has now", async () => {
    await site.makePod("old");
    await site.setStatus("old", { phase: "Succeeded", podIP: "10.8.0.1" });
    await site.addPod("heir", { addresses: ["10.8.0.1/32"] });
    await site.makePod("waiting");
    for (const name of ["old", "waiting", "nobody"]) await site.capture(name);
    const ended: StoredCapture["status"][] = [];
    // Beside TARGET_WAIT there is the time that agents draw so as not to answer all at once.
    for (const name of ["old", "waiting", "nobody"])
      ended.push((await site.until(name, "failure", 45)).status);
    const [old, waiting, nobody] = ended;
    expect.soft(old?.message).toContain("Succeeded");
    expect.soft(waiting?.message).toContain("Pending");
    expect.soft(nobody?.message).toContain("shop/nobody");
    expect(ended.map((status) => status?.reason)).toEqual([
      "TargetNotFound",
      "TargetNotFound",
      "TargetNotFound",
    ]);
    for (const name of ["old", "waiting", "nobody"])
      expect(existsSync(join(site.hostmount, name))).toBe(false);
  });
});

describeAsRoot("an agent without SYS_ADMIN", () => {
  beforeAll(async () => {
    site = await makePodSite(server(), "worker-04", {
      rights: ["--bounding-set=-sys_admin", "--inh-caps=-sys_admin"],
    });
  });
  afterAll(() => site?.remove());

  test("says what captures of pods need, and captures on the node all the same", async () => {
    await site.addPod("closed", { addresses: ["10.9.0.1/32"] });
    await site.capture("closed");
    const { status } = await site.until("closed", "failure");
    expect(status).toMatchObject({ reason: "PermissionDenied" });
    expect(status?.message).toMatch(/^entering the network namespace .*\/closed: Operation not permitted/);
    expect(status?.message).toMatch(
      /permitted: captures of pods need the capability SYS_ADMIN in the agent's securityContext\.$/,
    );
    await site.makePod("host", true);
    await site.cniNode.network.run("ip", "addr", "add", "192.0.2.1/32", "dev", "up1");
    await site.setStatus("host", { phase: "Running", podIP: "192.0.2.1" });
    await site.capture("host");
    expect((await site.until("host", "running")).status?.interface).toMatchObject({ scope: "node" });
  });
});
