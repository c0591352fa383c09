import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AgentNode, makeAgentNode } from "../cluster-api/agent-node.ts";
import { apiServerForFile } from "../cluster-api/cluster.ts";
import { holdStarts } from "../cluster-api/held-start.ts";
import { makeOneNode, type OneNode } from "../cluster-api/one-node.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { interfaceCounters } from "../helpers/interface-counters.ts";
import { readPcap } from "../helpers/pcap-reader.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { listEvents, makeNode } from "../kubernetes/objects.ts";

const server = apiServerForFile();
const OUTAGE = 30;
/** Seconds: the agent's longest pause between two tries, and then some. */
const PATIENCE = 90;
const TARGET_WAIT = 5;
/** Seconds of a capture that ends so early in the outage that its agent seems to be lost when it is over. */
const LONG_OVER = 10;

describeAsRoot("thirty seconds without API server, with a capture in each state", () => {
  let node: OneNode;
  /** Might say that the other one is lost. */
  let observer: AgentNode;
  beforeAll(async () => {
    const env = { TARGET_WAIT: `${TARGET_WAIT}s`, CAPTURE_BUFFER: "4Mi" };
    node = await makeOneNode(server());
    await node.start(env);
    await makeNode(server().admin, "observer");
    observer = await makeAgentNode(server(), "observer");
    await observer.start(env);
  });
  afterAll(async () => {
    await node?.close();
    await observer?.remove();
  });

  const told = async (name: string): Promise<string[]> =>
    (await listEvents(server().admin, "pcapper", name)).map(({ reason }) => reason).sort();

  /** Megabytes now. */
  const memory = (): number => {
    const status = readFileSync(`/proc/${node.agent().pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1000;
  };

  const numbers = (name: string): number[] =>
    node
      .files(name)
      .flatMap((path) => readPcap(path).records)
      .map(({ data }) => Number(data.readBigUInt64BE(data.length - 8)));

  test.each(["SIGTERM", "SIGKILL"] as const)(
    "%s: all of them end true",
    async (signal) => {
      const named = (state: string): string => `${state}-${signal.toLowerCase()}`;
      const [unclaimed, scheduled, running] = [named("unclaimed"), named("scheduled"), named("running")];
      const [over, longOver, finishing] = [named("over"), named("long-over"), named("finishing")];
      const before = memory();
      for (const name of [running, finishing]) await node.create(name);
      await node.create(over, { captureSeconds: OUTAGE });
      await node.create(longOver, { captureSeconds: LONG_OVER });
      for (const name of [running, finishing, over, longOver]) await node.until(name, "running", PATIENCE);
      const received = (await interfaceCounters(node.link.near, "near0")).received;
      await node.send(500);
      await waitUntil("500 packets are in each file", () =>
        [running, finishing, over].every((name) => node.published(name) === 500),
      );
      const letIn = await holdStarts(node.hostmount);
      await node.create(scheduled);
      await node.until(scheduled, "scheduled");
      const made = await node.create(unclaimed, { targetNode: "no-such-node" });
      const madeAt = Date.parse(made.metadata.creationTimestamp ?? "");
      await node.stop(finishing);
      await server().pause(signal);
      const began = Date.now();
      await letIn();
      await waitUntil("the scheduled one captures", () => node.files(scheduled).length > 0, 20);
      while (Date.now() < began + OUTAGE * 1000) {
        await node.send(500);
        await pause(1000);
      }
      const all = (await interfaceCounters(node.link.near, "near0")).received - received;
      await waitUntil("all are in the file of the one that runs", () => node.published(running) === all);
      await server().resume();
      const back = Date.now();
      await server().compact();
      const answered = (await node.until(unclaimed, "failure", PATIENCE)).status;
      expect(answered).toMatchObject({ reason: "TargetNotFound" });
      expect(Date.parse(answered?.endTime ?? new Date().toISOString())).toBeGreaterThan(
        madeAt + TARGET_WAIT * 1000,
      );

      await node.until(scheduled, "running", PATIENCE);
      for (const name of [running, scheduled]) await node.stop(name);
      const ended = Object.fromEntries(
        await Promise.all(
          [scheduled, running, over, longOver, finishing].map(async (name) => {
            return [name, (await node.until(name, "finished", PATIENCE)).status] as const;
          }),
        ),
      );
      console.log(`all ended ${Math.round((Date.now() - back) / 1000)} s after the API server was back`);
      expect(ended[running]).toMatchObject({ reason: "Stopped", statistics: { packets: all, dropped: 0 } });
      const found = numbers(running);
      expect(found).toEqual(Array.from({ length: all }, (_, index) => (found[0] ?? 0) + index));
      expect(ended[finishing]).toMatchObject({ reason: "Stopped", statistics: { dropped: 0 } });
      for (const name of [over, longOver]) {
        expect(ended[name]).toMatchObject({ reason: "TimeElapsed", statistics: { dropped: 0 } });
      }
      expect(ended[scheduled]).toMatchObject({ reason: "Stopped", statistics: { dropped: 0 } });
      for (const [name, status] of Object.entries(ended)) {
        expect(numbers(name)).toHaveLength(status?.statistics?.packets ?? -1);
        expect(await node.packets(name)).toBe(status?.statistics?.packets);
        expect(status?.resumes).toBeUndefined();
        expect(node.temporary(name)).toEqual([]);
        const ran = Date.parse(status?.endTime ?? "") - Date.parse(status?.startTime ?? "");
        expect(ran).toBeGreaterThan(0);
        if (name === over) expect(Math.abs(ran - OUTAGE * 1000)).toBeLessThan(2000);
        if (name === longOver) expect(Math.abs(ran - LONG_OVER * 1000)).toBeLessThan(2000);
      }
      await waitUntil("every transition is told", async () => (await told(finishing)).length === 3, PATIENCE);
      for (const [name, status] of Object.entries(ended)) {
        await waitUntil(`${name} is told`, async () => (await told(name)).length >= 3, PATIENCE);
        expect(await told(name)).toEqual(["Running", "Scheduled", status?.reason ?? ""].sort());
      }
      expect(await told(unclaimed)).toEqual(["TargetNotFound"]);
      expect(memory() - before).toBeLessThan(40);
    },
    300_000,
  );

  test("a minute of an API server that comes and goes: nothing is said twice", async () => {
    await node.create("flapping");
    await node.until("flapping", "running", PATIENCE);
    for (let times = 0; times < 4; times += 1) {
      await server().pause("SIGKILL");
      await node.send(100);
      await pause(3000);
      await server().resume();
      await pause(3000);
    }
    await node.stop("flapping");
    const { status } = await node.until("flapping", "finished", PATIENCE);
    expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: 400, dropped: 0 } });
    await waitUntil("all is told", async () => (await told("flapping")).length >= 3, PATIENCE);
    expect(await told("flapping")).toEqual(["Running", "Scheduled", "Stopped"]);
  }, 300_000);
});
