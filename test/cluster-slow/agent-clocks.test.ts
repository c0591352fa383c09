import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AgentNode, makeAgentNode } from "../cluster-api/agent-node.ts";
import { allEnded, untilProgress } from "../cluster-api/capture-progress.ts";
import { capturesOnDisk } from "../cluster-api/captures-on-disk.ts";
import { apiServerForFile } from "../cluster-api/cluster.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { clockOffBy, fakeClockLibrary } from "../helpers/fake-clock.ts";
import { judge } from "../helpers/judges.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { listEvents, makeNode } from "../kubernetes/objects.ts";
import { createCapture, deleteCapture, patchCapture, readCapture } from "../kubernetes/packet-captures.ts";
import { sendFrames } from "../traffic/frame-traffic.ts";

const server = apiServerForFile();
const HOUR = 3600;
/** A little less, for the API server's own certificate is valid from an hour before it was made. */
const CLOCKS = [
  { name: "slow", off: -HOUR + 60 },
  { name: "right", off: 0 },
  { name: "fast", off: HOUR },
] as const;
const TARGET_WAIT = 5;
/** Seconds for which a node has no agent, at least. */
const GONE = 2;
/** Seconds of a capture during which its node's clock is set. */
const SET_SECONDS = 20;
/** Seconds that agents spread an answer over, and that it may take on a busy machine. */
const SPREAD = 25;

const library = fakeClockLibrary();

describeAsRoot("nodes whose clocks are an hour apart", () => {
  const nodes = new Map<string, AgentNode>();
  const node = (name: string): AgentNode => {
    const found = nodes.get(name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  };
  const environment = (off: number): Record<string, string> => ({
    TARGET_WAIT: `${TARGET_WAIT}s`,
    CAPTURE_BUFFER: "1Mi",
    ...(off === 0 ? {} : clockOffBy(library ?? "", off)),
  });
  const start = (name: string, more: Record<string, string> = {}): Promise<void> => {
    const off = CLOCKS.find((clock) => clock.name === name)?.off ?? 0;
    return node(name).start({ ...environment(off), ...more });
  };

  beforeAll(async () => {
    if (library === undefined) throw new Error("libfaketime is not installed: apt-get install libfaketime");
    for (const { name } of CLOCKS) {
      await makeNode(server().admin, name);
      nodes.set(name, await makeAgentNode(server(), name));
      await start(name);
    }
  });
  afterAll(async () => {
    for (const one of nodes.values()) await one.remove();
  });

  const read = async (name: string) => (await readCapture(server().admin, "pcapper", name)).status;
  const create = (name: string, targetNode: string, spec: object = {}) =>
    createCapture(server().admin, "pcapper", name, {
      targetNode,
      targetInterface: "near0",
      maxFileSize: "1M",
      fileCount: 2,
      ...spec,
    });
  const runs = (name: string) => untilProgress(server(), name, "running");
  const send = (name: string, count: number) =>
    sendFrames(node(name).link, { kind: "udp4", first: 0, count, length: 100, rate: 0 });
  const reasons = async (name: string): Promise<string[]> =>
    (await listEvents(server().admin, "pcapper", name)).map(({ reason }) => reason).sort();

  test("their agents really live in other hours", async () => {
    for (const { name, off } of CLOCKS) {
      const [line = "{}"] = node(name).agent().log().split("\n");
      const said = Date.parse((JSON.parse(line) as { time: string }).time);
      expect(Math.abs(said - Date.now() - off * 1000), name).toBeLessThan(60_000);
    }
  });

  describe.each(CLOCKS)("on the $name one", ({ name, off }) => {
    test("a capture runs as long as it should, and ends as it should", async () => {
      const capture = `timed-${name}`;
      const begun = performance.now();
      await create(capture, name, { captureSeconds: 3 });
      await runs(capture);
      await send(name, 50);
      const [ended] = await allEnded(server(), [capture], 15);
      expect(performance.now() - begun).toBeGreaterThan(3000);
      expect(ended?.status).toMatchObject({
        reason: "TimeElapsed",
        node: name,
        statistics: { packets: 50, dropped: 0, files: 1 },
      });
      const { startTime = "", endTime = "", scheduledTime = "" } = ended?.status ?? {};
      expect(Date.parse(endTime) - Date.parse(startTime)).toBeGreaterThanOrEqual(2900);
      expect(Date.parse(endTime) - Date.parse(startTime)).toBeLessThan(6000);
      // What agents say of each other's captures is by one clock.
      expect(Math.abs(Date.parse(scheduledTime) - Date.now())).toBeLessThan(60_000);
      const [manifest] = capturesOnDisk(node(name).hostmount, capture);
      expect(manifest?.files).toHaveLength(1);
      await waitUntil("it is told", async () => (await reasons(capture)).length === 3);
      expect(await reasons(capture)).toEqual(["Running", "Scheduled", "TimeElapsed"]);
    });

    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      test(`after ${signal} of its agent it goes on in its ring, with the gap that there was`, async () => {
        const capture = `resumed-${name}-${signal.toLowerCase()}`;
        await create(capture, name, { captureSeconds: 30 });
        await runs(capture);
        await send(name, 50);
        const published = (): number | undefined =>
          capturesOnDisk(node(name).hostmount, capture)[0]?.statistics.packets;
        await waitUntil("50 packets are published", () => published() === 50);
        await node(name).end(signal);
        await pause(GONE * 1000);
        await start(name);
        await waitUntil("it goes on", async () => (await read(capture))?.resumes === 1);
        await send(name, 50);
        await patchCapture(server().admin, "pcapper", capture, { spec: { stop: true } });
        const [ended] = await allEnded(server(), [capture], 15);
        expect(ended?.status).toMatchObject({ reason: "Stopped", resumes: 1, statistics: { packets: 100 } });
        // Packets have the kernel's time, which the library cannot change: for a slow clock it is still to come.
        expect(ended?.status?.gapSeconds).toBeGreaterThanOrEqual(GONE);
        expect(ended?.status?.gapSeconds).toBeLessThanOrEqual(15);
      });
    }

    test("an agent that is dead is found lost after its end by the others, not before", async () => {
      const capture = `lost-${name}`;
      await create(capture, name, { captureSeconds: 5 });
      await runs(capture);
      const begun = performance.now();
      await node(name).end("SIGKILL");
      const [ended] = await allEnded(server(), [capture], 5 + 2 * TARGET_WAIT + 90);
      expect(ended?.status).toMatchObject({ reason: "AgentLost", node: name });
      expect(performance.now() - begun).toBeGreaterThan((5 + 2 * TARGET_WAIT - 1) * 1000);
      await start(name);
      await waitUntil(
        "its owner adds what it has",
        async () => (await read(capture))?.endTime !== undefined,
        30,
      );
      expect(await read(capture)).toMatchObject({ reason: "AgentLost", progress: "failure" });
    }, 200_000);

    test("files are kept until they are old, however the clock stands", async () => {
      const capture = `kept-${name}`;
      await create(capture, name, { captureSeconds: 1 });
      await allEnded(server(), [capture], 15);
      await node(name).end("SIGTERM");
      await start(name, { DELETE_OLDER_THAN: "10m" });
      await create(`${capture}-after`, name, { captureSeconds: 1 });
      await allEnded(server(), [`${capture}-after`], 15);
      await deleteCapture(server().admin, "pcapper", `${capture}-after`);
      await waitUntil(
        "the agent has looked after its files",
        () => capturesOnDisk(node(name).hostmount, `${capture}-after`).length === 0,
        30,
      );
      const kept = capturesOnDisk(node(name).hostmount, capture);
      expect(kept, `${off} s off`).toHaveLength(1);
    });
  });

  test.each([
    ["an hour ahead", HOUR],
    ["an hour back", -HOUR + 60],
    ["seconds ahead", 12],
    ["seconds back", -12],
  ])(
    "set %s while the agent is gone: the capture has the time that was left, and the gap that there was",
    async (way, off) => {
      const capture = `set-${way.replaceAll(" ", "-")}`;
      const begun = performance.now();
      await create(capture, "right", { captureSeconds: SET_SECONDS });
      await runs(capture);
      await send("right", 50);
      await waitUntil("50 packets are published", () => {
        return capturesOnDisk(node("right").hostmount, capture)[0]?.statistics.packets === 50;
      });
      await node("right").end("SIGKILL");
      await pause(GONE * 1000);
      await node("right").start(environment(off));
      await waitUntil("it goes on", async () => (await read(capture))?.resumes === 1);
      await send("right", 50);
      const [ended] = await allEnded(server(), [capture], SET_SECONDS + 15);
      const ran = performance.now() - begun;
      expect(ran).toBeGreaterThan(SET_SECONDS * 1000);
      // Less than what the clock was set by, or it would pass for the clock's.
      expect(ran).toBeLessThan((SET_SECONDS + 10) * 1000);
      expect(ended?.status).toMatchObject({
        reason: "TimeElapsed",
        resumes: 1,
        statistics: { packets: 100 },
      });
      expect(ended?.status?.gapSeconds).toBeGreaterThanOrEqual(GONE);
      expect(ended?.status?.gapSeconds).toBeLessThanOrEqual(15);
      await node("right").end("SIGTERM");
      await start("right");
    },
  );

  test("no answer comes too early or too late, whoever gives it", async () => {
    const names = Array.from({ length: 9 }, (_, index) => `nobody-${index}`);
    const begun = Date.now();
    for (const name of names) await create(name, "no-such-node");
    const made = Date.now();
    const captures = await allEnded(server(), names, TARGET_WAIT + SPREAD);
    expect(Date.now() - begun).toBeGreaterThan(TARGET_WAIT * 1000 - 1000);
    expect(Date.now() - made).toBeLessThan((TARGET_WAIT + SPREAD) * 1000);
    for (const { status } of captures) expect(status).toMatchObject({ reason: "TargetNotFound" });
    for (const name of names) {
      await waitUntil("it is told", async () => (await reasons(name)).length > 0);
      expect(await reasons(name)).toEqual(["TargetNotFound"]);
    }
  });

  test("packets have the kernel's time, and every reader takes the files", async () => {
    for (const { name } of CLOCKS) {
      for (const { folder, files } of capturesOnDisk(node(name).hostmount, `timed-${name}`)) {
        for (const file of files) expect((await judge(`${folder}/${file.name}`)).records).toHaveLength(50);
      }
    }
  });
});
