import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { listEvents, makeNode } from "../kubernetes/objects.ts";
import { createCapture, patchCapture } from "../kubernetes/packet-captures.ts";
import { sendFrames } from "../traffic/frame-traffic.ts";
import { type AgentNode, makeAgentNode } from "./agent-node.ts";
import { askAgent } from "./ask-agent.ts";
import { allEnded, untilProgress } from "./capture-progress.ts";
import { apiServerForFile } from "./cluster.ts";

const server = apiServerForFile();
const spec = { targetNode: "limited", targetInterface: "near0", maxFileSize: "1M", fileCount: 2 };
const SMALL_RING = { CAPTURE_BUFFER: "1Mi" };

describeAsRoot("the limits of a node", () => {
  let node: AgentNode;
  beforeAll(async () => {
    await makeNode(server().admin, "limited");
    node = await makeAgentNode(server(), "limited");
  });
  afterEach(() => node.end("SIGTERM"));
  afterAll(() => node?.remove());

  const create = (name: string, more: object = {}) =>
    createCapture(server().admin, "pcapper", name, { ...spec, ...more });
  const stop = (name: string) => patchCapture(server().admin, "pcapper", name, { spec: { stop: true } });

  const isRunning = (name: string) => untilProgress(server(), name, "running");

  /** Refused by the owner, with an Event, and without any trace on the disk. */
  async function expectRefused(name: string, reason: string, message: RegExp): Promise<void> {
    const [capture] = await allEnded(server(), [name], 15);
    expect(capture?.status).toMatchObject({ progress: "failure", reason, node: "limited" });
    expect(capture?.status?.message).toMatch(message);
    expect(capture?.status?.fileLocation).toBeUndefined();
    await waitUntil(`an Event says ${reason}`, async () => {
      const events = await listEvents(server().admin, "pcapper", name);
      const told = events.filter((event) => event.reason === reason);
      return told.length === 1 && told[0]?.type === "Warning" && told[0].message === capture?.status?.message;
    });
    expect(existsSync(join(node.hostmount, name))).toBe(false);
  }

  test("no more captures than MAX_CAPTURES, and the next one when one has ended", async () => {
    await node.start({ ...SMALL_RING, MAX_CAPTURES: "1" });
    await create("first");
    await isRunning("first");
    await create("one-too-many");
    await expectRefused("one-too-many", "TooManyCaptures", /MAX_CAPTURES is 1/);
    await stop("first");
    await allEnded(server(), ["first"], 15);
    await create("after-first", { captureSeconds: 1 });
    const [next] = await allEnded(server(), ["after-first"], 15);
    expect(next?.status?.reason).toBe("TimeElapsed");
  });

  test("no more rings than CAPTURE_MEMORY", async () => {
    await node.start({ CAPTURE_BUFFER: "2Mi", CAPTURE_MEMORY: "3Mi" });
    await create("fits");
    await isRunning("fits");
    await create("memory");
    await expectRefused(
      "memory",
      "NotEnoughMemory",
      /the running captures hold 2\.1 MB, and CAPTURE_MEMORY is 3\.15 MB/,
    );
    await stop("fits");
    await allEnded(server(), ["fits"], 15);
  });

  test("no more files than MAX_TOTAL_FILESIZE, what runs counted with all it may write", async () => {
    await node.start({ ...SMALL_RING, MAX_TOTAL_FILESIZE: "5M" });
    await create("half");
    await isRunning("half");
    await create("other-half", { fileCount: 3 });
    await expectRefused("other-half", "TotalFileSizeExceeded", /MAX_TOTAL_FILESIZE is/);
    await stop("half");
    await allEnded(server(), ["half"], 15);
  });

  test("no room on the disk", async () => {
    await node.start({ ...SMALL_RING, MAX_TOTAL_FILESIZE: "1000Ti", MIN_FREE_DISK: "99.9%" });
    await create("no-room");
    await expectRefused("no-room", "NotEnoughDiskSpace", /MIN_FREE_DISK is 99\.9 ?%/);
  });
});

describeAsRoot("what an agent says of itself", () => {
  let node: AgentNode;
  beforeAll(async () => {
    await makeNode(server().admin, "measured");
    node = await makeAgentNode(server(), "measured");
    await node.start({ ...SMALL_RING, CAPTURE_MEMORY: "8Mi", MAX_TOTAL_FILESIZE: "1G" });
  });
  afterAll(() => node?.remove());

  const get = (path: string) => askAgent(node.link.near, path);

  /** Samples by their name and labels. */
  async function metrics(): Promise<Map<string, number>> {
    const { status, body } = await get("/metrics");
    expect(status).toBe(200);
    const samples = body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    return new Map(
      samples.map((line) => {
        const end = line.lastIndexOf(" ");
        return [line.slice(0, end), Number(line.slice(end + 1))];
      }),
    );
  }

  const ended = (progress: string, reason: string): string =>
    `pcapper_captures_ended_total{progress="${progress}",reason="${reason}"}`;

  test("is healthy, ready, and has the numbers that the captures have", async () => {
    const spec = { targetNode: "measured", targetInterface: "near0", maxFileSize: "1M", fileCount: 1 };
    const create = (name: string, more: object) =>
      createCapture(server().admin, "pcapper", name, { ...spec, ...more });
    expect((await get("/healthz")).status).toBe(200);
    await waitUntil("it is ready", async () => (await get("/readyz")).status === 200);
    expect((await metrics()).get("pcapper_captures_running")).toBe(0);
    await create("all", {});
    await create("some", { packetCount: 30 });
    await create("none", { targetInterface: "eth77" });
    await waitUntil("two run", async () => (await metrics()).get("pcapper_captures_running") === 2);
    expect((await metrics()).get("pcapper_ring_memory_bytes")).toBe(2 * 1024 * 1024);
    await sendFrames(node.link, { kind: "udp4", first: 0, count: 100, length: 100, rate: 1000 });
    await allEnded(server(), ["some", "none"], 15);
    await patchCapture(server().admin, "pcapper", "all", { spec: { stop: true } });
    const captures = await allEnded(server(), ["all", "some", "none"], 15);

    const sum = (field: "packets" | "bytes" | "droppedByKernel"): number =>
      captures.reduce((total, { status }) => total + (status?.statistics?.[field] ?? 0), 0);
    expect(sum("packets")).toBe(130);
    const now = await waitUntil("all ends are counted", async () => {
      const found = await metrics();
      return found.get(ended("finished", "Stopped")) === 1 ? found : undefined;
    });
    expect(Object.fromEntries(now)).toMatchObject({
      pcapper_captures_running: 0,
      pcapper_ring_memory_bytes: 0,
      pcapper_ring_memory_limit_bytes: 8 * 1024 * 1024,
      pcapper_disk_limit_bytes: 1_000_000_000,
      pcapper_captured_packets_total: sum("packets"),
      pcapper_captured_bytes_total: sum("bytes"),
      'pcapper_dropped_packets_total{cause="kernel"}': sum("droppedByKernel"),
      [ended("finished", "PacketCountReached")]: 1,
      [ended("failure", "InterfaceNotFound")]: 1,
      [ended("finished", "TimeElapsed")]: 0,
      [ended("failure", "AgentLost")]: 0,
    });
    expect(now.get("pcapper_disk_used_bytes")).toBeGreaterThan(0);
    expect(now.get("pcapper_disk_free_bytes")).toBeGreaterThan(0);
  });

  test("is not ready where the API server has never answered, and healthy all the same", async () => {
    await node.end("SIGTERM");
    node.reach.signal("SIGSTOP");
    const started = node.start();
    try {
      await waitUntil("it answers", async () => (await get("/healthz")).status === 200);
      const { status, body } = await get("/readyz");
      expect(status).toBe(503);
      expect(body).toMatch(/not/);
    } finally {
      node.reach.signal("SIGCONT");
    }
    await started;
    await waitUntil("it is ready", async () => (await get("/readyz")).status === 200);
  });
});
