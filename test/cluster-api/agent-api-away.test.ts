import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { interfaceCounters } from "../helpers/interface-counters.ts";
import { readPcap } from "../helpers/pcap-reader.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { apiServerForFile } from "./cluster.ts";
import { holdStarts } from "./held-start.ts";
import { makeOneNode, type OneNode } from "./one-node.ts";

const server = apiServerForFile();
/** Seconds: an agent tries every 10 s at least, and the API server takes its time to come up. */
const PATIENCE = 60;

describeAsRoot("an agent whose API server goes away", () => {
  let node: OneNode;

  beforeAll(async () => {
    node = await makeOneNode(server());
    await node.start();
  });
  afterAll(() => node?.close());

  /** Numbered packets of the sender, in the order of the files. */
  const numbers = (name: string) =>
    node
      .files(name)
      .flatMap((path) => readPcap(path).records)
      .map(({ data }) => Number(data.readBigUInt64BE(data.length - 8)));

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    test(`${signal} of the API server while running, etcd compacted: no gap, one Event a transition`, async () => {
      const name = `away-${signal.toLowerCase()}`;
      await node.create(name);
      await node.until(name, "running", PATIENCE);
      const before = (await interfaceCounters(node.link.near, "near0")).received;
      await node.send(500);
      await server().pause(signal);
      for (let i = 0; i < 10; i += 1) {
        await node.send(500);
        await pause(300);
      }
      await waitUntil("all are in the file while it is away", () => node.published(name) >= 5500);
      await server().resume();
      await node.create(`${name}-other`, { captureSeconds: 1 });
      await server().compact();
      await node.send(500);
      await node.until(`${name}-other`, "finished", PATIENCE);
      await node.stop(name);
      const { status } = await node.until(name, "finished", PATIENCE);
      expect((await interfaceCounters(node.link.near, "near0")).received - before).toBe(6000);
      expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: 6000, dropped: 0 } });
      expect(status?.resumes).toBeUndefined();
      const found = numbers(name);
      expect(found).toEqual(Array.from({ length: 6000 }, (_, index) => (found[0] ?? 0) + index));
      expect(await node.events(name, 3)).toEqual(["Running", "Scheduled", "Stopped"]);
      await waitUntil("nothing temporary is left", () => node.temporary(name).length === 0);
    }, 180_000);
  }

  test("its time ends while the API is away: the end arrives when it is back, with the right time", async () => {
    const name = "ends-away";
    await node.create(name, { captureSeconds: 3 });
    const { status: running } = await node.until(name, "running", PATIENCE);
    await node.send(100);
    await server().pause("SIGKILL");
    const over = Date.parse(running?.startTime ?? "") + 3000;
    await waitUntil("its time is over", () => Date.now() > over + 2000);
    await server().resume();
    const { status } = await node.until(name, "finished", PATIENCE);
    expect(status).toMatchObject({ reason: "TimeElapsed", statistics: { packets: 100, dropped: 0 } });
    expect(Math.abs(Date.parse(status?.endTime ?? "") - over)).toBeLessThan(1500);
    expect(await node.events(name, 3)).toEqual(["Running", "Scheduled", "TimeElapsed"]);
    expect(await node.packets(name)).toBe(100);
  }, 180_000);

  test("away right after the claim: it runs, and says so when the API is back", async () => {
    const name = "claimed-away";
    const letIn = await holdStarts(node.hostmount);
    await node.create(name);
    await node.until(name, "scheduled", PATIENCE);
    expect(await node.events(name, 1)).toEqual(["Scheduled"]);
    // Time for its last look before it waits for its turn: without it, nothing would be captured below.
    await pause(1000);
    await server().pause("SIGKILL");
    await letIn();
    await waitUntil("it captures while the API is away", async () => {
      await node.send(1);
      return node.published(name) > 0;
    });
    const sent = await node.send(30);
    await server().resume();
    expect((await node.until(name, "running", PATIENCE)).status?.resumes).toBeUndefined();
    await node.stop(name);
    const { status } = await node.until(name, "finished", PATIENCE);
    const found = numbers(name);
    const first = found[0] ?? sent;
    expect(found).toEqual(Array.from({ length: sent - first }, (_, index) => first + index));
    expect(found.length).toBeGreaterThan(30);
    expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: found.length, dropped: 0 } });
    expect(await node.events(name, 3)).toEqual(["Running", "Scheduled", "Stopped"]);
    await waitUntil("nothing temporary is left", () => node.temporary(name).length === 0);
  }, 180_000);

  test("away when it is claimed: a node cut off claims it once the way is back", async () => {
    const name = "cut-off";
    node.reach.signal("SIGSTOP");
    try {
      await node.create(name, { captureSeconds: 1 });
      await pause(1000);
    } finally {
      node.reach.signal("SIGCONT");
    }
    const { status } = await node.until(name, "finished", PATIENCE);
    expect(status).toMatchObject({ reason: "TimeElapsed" });
    expect(await node.events(name, 3)).toEqual(["Running", "Scheduled", "TimeElapsed"]);
  }, 180_000);

  test("stop: true written as soon as the API is back is honoured", async () => {
    const name = "stop-on-return";
    await node.create(name);
    await node.until(name, "running", PATIENCE);
    await node.send(40);
    await server().pause("SIGKILL");
    await node.send(60);
    await server().resume();
    await node.stop(name);
    const { status } = await node.until(name, "finished", PATIENCE);
    expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: 100, dropped: 0 } });
    expect(await node.packets(name)).toBe(100);
  }, 180_000);

  test("the agent dies and comes back while the API is out of reach: it goes on when the API is back", async () => {
    const name = "both-away";
    await node.create(name);
    await node.until(name, "running", PATIENCE);
    await node.send(40);
    await waitUntil("40 packets are published", () => node.published(name) >= 40);
    await node.end("SIGKILL");
    node.reach.signal("SIGSTOP");
    const starting = node.start();
    await pause(3000);
    node.reach.signal("SIGCONT");
    await starting;
    await waitUntil("it goes on", async () => (await node.read(name)).status?.resumes === 1, PATIENCE);
    await node.send(60);
    await node.stop(name);
    const { status } = await node.until(name, "finished", PATIENCE);
    expect(status).toMatchObject({ reason: "Stopped", resumes: 1, statistics: { packets: 100 } });
    expect(await node.packets(name)).toBe(100);
  }, 180_000);
});
