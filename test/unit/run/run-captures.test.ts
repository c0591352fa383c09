import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { API_VERSION, KIND, type PacketCapture, type PacketCaptureSpec } from "../../../src/api/resource.ts";
import { createdCaptures, type RunWorld, runCaptures } from "../../../src/run/captures.ts";
import { RUN_DEFAULTS, readSettings } from "../../../src/settings.ts";
import type { CaptureEvent } from "../../../src/store/capture-store.ts";
import { createFileStore } from "../../../src/store/files/file-store.ts";
import { NOT_A_LOCK } from "../../helpers/not-a-lock.ts";
import { createFakeNative, type FakeNative, NO_PACKETS, runningElsewhere } from "../agent/fake-native.ts";

const OPENED = { name: "eth0", index: 2, linkType: "EN10MB" };
const RUNS = { interface: OPENED, statistics: { ...NO_PACKETS, packets: 3, files: 1 } };
const ENDS = {
  ...RUNS,
  state: "ended" as const,
  end: { reason: "TimeElapsed", message: "" },
  endTime: 2_000_000,
};

let output: string;
let native: FakeNative;
let events: string[];

beforeEach(() => {
  output = mkdtempSync(join(tmpdir(), "pcapper-run-"));
  native = createFakeNative();
  events = [];
});
afterEach(() => rmSync(output, { recursive: true }));

function resource(name: string, spec: Partial<PacketCaptureSpec> = {}): PacketCapture {
  const full = { targetNode: "localhost", targetInterface: "eth0", ...spec };
  return { apiVersion: API_VERSION, kind: KIND, metadata: { name }, spec: full };
}

async function run(
  resources: PacketCapture[],
  options: { env?: Record<string, string>; stop?: AbortSignal } = {},
) {
  const onEvent = (_capture: PacketCapture, { reason }: CaptureEvent) => void events.push(reason);
  const store = createFileStore(onEvent);
  const world: RunWorld = {
    native,
    store,
    output,
    settings: readSettings(options.env ?? {}, RUN_DEFAULTS),
    stop: options.stop ?? new AbortController().signal,
    onReport: () => undefined,
  };
  const result = await runCaptures(world, createdCaptures(resources, 0));
  return { ...result, notKept: await store.close() };
}

function statusOf(result: { ended: PacketCapture[] }) {
  return result.ended[0]?.status;
}

test("a capture is scheduled, runs and finishes, and each step is told once", async () => {
  native.script = [{ state: "opening", startTime: 0 }, RUNS, ENDS];
  const result = await run([resource("pcap1")]);
  expect(statusOf(result)).toMatchObject({
    progress: "finished",
    reason: "TimeElapsed",
    statistics: { packets: 3 },
  });
  expect(events).toEqual(["Scheduled", "Running", "TimeElapsed"]);
});

test("the resource with its status lies beside the files, and nothing hidden stays", async () => {
  native.script = [RUNS, ENDS];
  const { ended } = await run([resource("pcap1")]);
  const names = readdirSync(join(output, "pcap1"));
  expect(names).toHaveLength(1);
  expect(names[0]).toMatch(/\.pcap1\.\d+\.status\.json$/);
  expect(JSON.parse(readFileSync(join(output, "pcap1", names[0] ?? ""), "utf8"))).toEqual(ended[0]);
});

test("the engine gets the plan, and the manifest says whose capture it is", async () => {
  native.script = [ENDS];
  const { ended } = await run([
    resource("pcap1", { captureFilter: "icmp", maxFileSize: "1Mi", fileCount: "3" }),
  ]);
  const [options] = native.started;
  expect(options).toMatchObject({
    interfaceName: "eth0",
    filter: "icmp",
    maxFileSize: 1_048_576,
    fileCount: 3,
    snapLength: 262_144,
    suspendAtExit: false,
  });
  expect(options?.ringBytes).toBe(67_108_864);
  expect(JSON.parse(options?.manifestHead ?? "")).toMatchObject({
    cluster: "",
    namespace: "default",
    name: "pcap1",
    uid: ended[0]?.metadata.uid,
  });
});

test("an engine that cannot open is a failure in its own words", async () => {
  native.script = [
    { state: "ended", startTime: 0, end: { reason: "InterfaceDown", message: "eth0 is down" } },
  ];
  const status = statusOf(await run([resource("pcap1")]));
  expect(status).toMatchObject({ progress: "failure", reason: "InterfaceDown", message: "eth0 is down." });
  expect(status).not.toHaveProperty("statistics");
});

test("captures run side by side, each with its own folder", async () => {
  native.script = [RUNS, ENDS];
  const { ended } = await run([resource("pcap1"), resource("pcap2")]);
  expect(ended.map((capture) => capture.status?.progress)).toEqual(["finished", "finished"]);
  expect(readdirSync(output).filter((name) => !name.startsWith("."))).toEqual(["pcap1", "pcap2"]);
});

test("two captures of one name in two namespaces take two seconds' names", async () => {
  native.script = [RUNS, ENDS];
  const other = resource("pcap1");
  other.metadata.namespace = "other";
  await run([resource("pcap1"), other]);
  expect(new Set(native.started.map(({ filePrefix }) => filePrefix)).size).toBe(2);
});

test("the captures of one file share the budget for rings", async () => {
  native.script = [{ ...RUNS }];
  const stop = new AbortController();
  setTimeout(() => stop.abort({ reason: "Stopped", message: "" }), 200);
  const names = ["a", "b", "c"];
  const { ended } = await run(
    names.map((name) => resource(name)),
    { env: { CAPTURE_MEMORY: "128Mi" }, stop: stop.signal },
  );
  expect(ended.map((capture) => capture.status?.reason).sort()).toEqual([
    "NotEnoughMemory",
    "Stopped",
    "Stopped",
  ]);
});

test.each([
  ["TotalFileSizeExceeded", { MAX_TOTAL_FILESIZE: "1G" }, 1e12],
  ["NotEnoughDiskSpace", { MIN_FREE_DISK: "1T" }, 1e12],
  ["NotEnoughDiskSpace", {}, 2e11],
  ["NotEnoughMemory", { CAPTURE_MEMORY: "63Mi" }, 1e12],
])("%s is a failure before anything is opened (%j)", async (reason, env, free) => {
  native.room.free = free;
  expect(statusOf(await run([resource("pcap1")], { env }))).toMatchObject({ progress: "failure", reason });
  expect(native.started).toEqual([]);
});

test("what another process was promised counts", async () => {
  runningElsewhere(native, output, "n.p.1", JSON.stringify({ worstCase: 9_500_000_000, ring: 1 }));
  expect(statusOf(await run([resource("pcap1")]))?.reason).toBe("TotalFileSizeExceeded");
});

test("another process's captures count for MAX_CAPTURES", async () => {
  runningElsewhere(native, output, "n.p.1", JSON.stringify({ worstCase: 1, ring: 1 }));
  expect(statusOf(await run([resource("pcap1")], { env: { MAX_CAPTURES: "1" } }))?.reason).toBe(
    "TooManyCaptures",
  );
});

test("a dead capture, and one that was never let in, count nothing", async () => {
  native.script = [ENDS];
  const promise = JSON.stringify({ worstCase: 9_500_000_000, ring: 1 });
  runningElsewhere(native, output, "n.p.1", promise);
  native.held.clear();
  runningElsewhere(native, output, "n.p.2", "");
  expect(statusOf(await run([resource("pcap1")]))?.progress).toBe("finished");
});

test("stop in the spec ends it without a file and without opening anything", async () => {
  expect(statusOf(await run([resource("pcap1", { stop: true })]))).toMatchObject({
    progress: "finished",
    reason: "Stopped",
  });
  expect(native.started).toEqual([]);
});

test("a stop before the start ends it without opening anything", async () => {
  const stop = AbortSignal.abort({ reason: "Stopped", message: "Stopped by Ctrl-C." });
  expect(statusOf(await run([resource("pcap1")], { stop }))).toMatchObject({
    progress: "finished",
    message: "Stopped by Ctrl-C.",
  });
  expect(native.started).toEqual([]);
});

test.each([
  ["10%", { bytes: 0, percent: 10, text: "10 %" }],
  ["20G", { bytes: 2e10, percent: 0, text: "20 GB" }],
])("the engine is told what must stay free of the disk: %s", async (limit, minFreeDisk) => {
  native.script = [RUNS, ENDS];
  await run([resource("pcap1")], { env: { MIN_FREE_DISK: limit } });
  expect(native.started[0]).toMatchObject({ minFreeDisk });
});

test("a folder that is a symbolic link ends its own capture only, and is not written through", async () => {
  native.script = [RUNS, ENDS];
  mkdirSync(join(output, "real"));
  symlinkSync(join(output, "real"), join(output, "pcap1"));
  const { ended, problems } = await run([resource("pcap1"), resource("pcap2")]);
  expect(problems).toEqual([]);
  expect(ended[0]?.status).toMatchObject({
    progress: "failure",
    reason: "WriteError",
    message: expect.stringMatching(/pcap1 cannot be used: it is a symbolic link/),
  });
  expect(ended[1]?.status?.progress).toBe("finished");
  expect(readdirSync(join(output, "real"))).toEqual([]);
});

test("a folder that is a file is a failure with a status", async () => {
  writeFileSync(join(output, "pcap1"), "mine");
  expect(statusOf(await run([resource("pcap1")]))).toMatchObject({
    progress: "failure",
    reason: "WriteError",
  });
  expect(readFileSync(join(output, "pcap1"), "utf8")).toBe("mine");
});

test.skipIf(process.getuid?.() !== 0)("a folder of another user is not written to", async () => {
  mkdirSync(join(output, "pcap1"));
  try {
    chownSync(join(output, "pcap1"), 1, 1);
  } catch {
    // A user namespace without that user.
    return;
  }
  const status = statusOf(await run([resource("pcap1")]));
  expect(status).toMatchObject({
    reason: "WriteError",
    message: expect.stringContaining("belongs to user 1"),
  });
  expect(readdirSync(join(output, "pcap1"))).toEqual([]);
});

test("a folder that is gone at the end takes no result with it", async () => {
  native.script = [RUNS];
  const stop = new AbortController();
  const running = run([resource("pcap1"), resource("pcap2")], { stop: stop.signal });
  setTimeout(() => {
    rmSync(join(output, "pcap1"), { recursive: true });
    stop.abort({ reason: "Stopped", message: "" });
  }, 200);
  const { ended, problems, notKept } = await running;
  expect(ended.map(({ status }) => status?.reason)).toEqual(["Stopped", "Stopped"]);
  expect(ended[0]?.status).not.toHaveProperty("fileLocation");
  expect(problems).toEqual([]);
  expect(notKept).toEqual([
    {
      code: "WriteError",
      message: expect.stringMatching(/^pcap1: its status could not be kept in .+: ENOENT/),
    },
  ]);
});

test.each(NOT_A_LOCK)("%s in place of a lock neither holds up a start nor counts", async (_name, make) => {
  native.script = [RUNS, ENDS];
  mkdirSync(join(output, "elsewhere"));
  const path = join(output, "elsewhere", ".n.p.1.lock");
  make(path);
  native.held.add(path);
  expect(statusOf(await run([resource("pcap1")], { env: { MAX_CAPTURES: "1" } }))?.progress).toBe("finished");
});

test("a lock that cannot be tried ends no capture", async () => {
  native.script = [RUNS, ENDS];
  runningElsewhere(native, output, "n.p.1", JSON.stringify({ worstCase: 1, ring: 1 }));
  const { tryLock } = native;
  native.tryLock = (path) => {
    if (path.includes("elsewhere"))
      throw Object.assign(new Error("Permission denied"), { code: "WriteError" });
    return tryLock(path);
  };
  expect(statusOf(await run([resource("pcap1")]))?.progress).toBe("finished");
});

test("a start lock that cannot be taken is a failure with a status", async () => {
  const { tryLock } = native;
  native.tryLock = (path) => {
    if (path.endsWith(".pcapper.lock"))
      throw Object.assign(new Error("it is a link"), { code: "WriteError" });
    return tryLock(path);
  };
  const result = await run([resource("pcap1")]);
  expect(statusOf(result)).toMatchObject({ reason: "WriteError", message: "it is a link." });
  expect(result.problems).toEqual([]);
});
