import { describe, expect, test } from "vitest";
import { withCondition } from "../../../src/agent/conditions.ts";
import { finalStatus, runningStatus, scheduledStatus, statusChanged } from "../../../src/agent/status.ts";
import { planCapture } from "../../../src/api/plan.ts";
import { NO_PACKETS, report } from "./fake-native.ts";

const PLAN = planCapture({ targetNode: "node-1", targetInterface: "eth0", captureSeconds: 60 });
const TARGET = { networkNamespace: "", namespaceId: "", interfaceName: "eth0", scope: "node" } as const;
const at = (folder: string) => ({ target: TARGET, folder });
const OPENED = { name: "eth0", index: 2, linkType: "EN10MB" };
const SCHEDULED = scheduledStatus("node-1", 0);
const RUNNING = runningStatus(SCHEDULED, report({ interface: OPENED }), PLAN, at("/out/pcap1"), 5000);

test("a claim says who and when, nothing else", () => {
  expect(SCHEDULED).toEqual({
    progress: "scheduled",
    node: "node-1",
    scheduledTime: "1970-01-01T00:00:00.000Z",
  });
});

describe("a running capture", () => {
  test("says what was really opened, and that all packets are kept", () => {
    expect(RUNNING).toMatchObject({
      progress: "running",
      node: "node-1",
      message: "Capturing all packets on eth0 for 60 s.",
      interface: { ...OPENED, scope: "node" },
      startTime: "1970-01-01T00:16:40.000Z",
    });
    expect(RUNNING).not.toHaveProperty("fileLocation");
  });

  test("names the filter, the packet count and libpcap's warnings", () => {
    const plan = { ...PLAN, captureFilter: "icmp", packetCount: 5 };
    const status = runningStatus(
      SCHEDULED,
      report({ interface: OPENED, warnings: ["odd"] }),
      plan,
      at("/out"),
      0,
    );
    expect(status.message).toBe(
      'Capturing packets that match "icmp" on eth0 for 60 s, at most 5 packets. libpcap says: odd.',
    );
  });

  test("has its folder as location as soon as there is a file", () => {
    const status = runningStatus(
      SCHEDULED,
      report({ statistics: { ...NO_PACKETS, files: 1 } }),
      PLAN,
      at("/out/p"),
      0,
    );
    expect(status.fileLocation).toBe("/out/p");
  });

  test("is not written again for the time of a look alone", () => {
    const later = runningStatus(RUNNING, report({ interface: OPENED }), PLAN, at("/out/pcap1"), 9000);
    expect(statusChanged(RUNNING, later)).toBe(false);
  });

  test("is not written again because the API server has put its fields into another order", () => {
    const later = runningStatus(RUNNING, report({ interface: OPENED }), PLAN, at("/out/pcap1"), 9000);
    const sorted = (value: unknown): unknown =>
      typeof value !== "object" || value === null || Array.isArray(value)
        ? value
        : Object.fromEntries(
            Object.entries(value)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([name, field]) => [name, sorted(field)]),
          );
    const stored = sorted(RUNNING) as typeof RUNNING;
    expect(JSON.stringify(stored)).not.toBe(JSON.stringify(RUNNING));
    expect(statusChanged(stored, later)).toBe(false);
  });

  test("is written again for one packet", () => {
    const statistics = { ...NO_PACKETS, packets: 1 };
    expect(
      statusChanged(
        RUNNING,
        runningStatus(RUNNING, report({ interface: OPENED, statistics }), PLAN, at("/out"), 9000),
      ),
    ).toBe(true);
  });
});

describe("a capture that ended", () => {
  const end = { reason: "TimeElapsed", message: "" };
  const last = report({
    state: "ended",
    endTime: 1_060_000,
    statistics: { ...NO_PACKETS, packets: 7, files: 1 },
  });

  test("as wanted is finished, with Finished and Complete", () => {
    const status = finalStatus(
      RUNNING,
      { end, files: ["/out/p.pcap"], folder: "/out", report: last },
      PLAN,
      0,
    );
    expect(status).toMatchObject({
      progress: "finished",
      reason: "TimeElapsed",
      fileLocation: "/out/p.pcap",
    });
    expect(status.message).toBe("7 packets captured (all packets).");
    expect(conditionsOf(status)).toEqual({ Finished: "True", Complete: "True", FilesAvailable: "True" });
  });

  test("with several files has their folder", () => {
    const status = finalStatus(
      RUNNING,
      { end, files: ["/out/1", "/out/2"], folder: "/out", report: last },
      PLAN,
      0,
    );
    expect(status.fileLocation).toBe("/out");
  });

  test("by an error is a failure that keeps its files and the error's own text", () => {
    const failure = { reason: "DiskFull", message: "No space left on device" };
    const status = finalStatus(
      RUNNING,
      { end: failure, files: ["/out/1"], folder: "/out", report: last },
      PLAN,
      0,
    );
    expect(status).toMatchObject({ progress: "failure", reason: "DiskFull", fileLocation: "/out/1" });
    expect(status.message).toBe("No space left on device. 7 packets captured (all packets).");
    expect(conditionsOf(status)).toEqual({ Finished: "True", Failed: "True", FilesAvailable: "True" });
  });

  test("before it began has no files, no counters and no word about packets", () => {
    const refused = { reason: "TooManyCaptures", message: "16 are running." };
    const status = finalStatus(SCHEDULED, { end: refused, files: [], folder: "/out" }, PLAN, 0);
    expect(status).toMatchObject({ progress: "failure", message: "16 are running." });
    expect(status).not.toHaveProperty("fileLocation");
    expect(status).not.toHaveProperty("statistics");
    expect(conditionsOf(status)).toMatchObject({ FilesAvailable: "False" });
  });

  test("forgets the location where no file was left", () => {
    const before = { ...RUNNING, fileLocation: "/out" };
    expect(finalStatus(before, { end, files: [], folder: "/out", report: last }, PLAN, 0)).not.toHaveProperty(
      "fileLocation",
    );
  });

  test("says what it lost, where, and how much the ring removed", () => {
    const statistics = {
      ...last.statistics,
      droppedByKernel: 2,
      droppedOnWrite: 1,
      filesRemoved: 1,
      packetsRemoved: 3,
    };
    const status = finalStatus(
      RUNNING,
      { end, files: [], folder: "/out", report: { ...last, statistics } },
      PLAN,
      0,
    );
    expect(status.statistics).toMatchObject({
      dropped: 3,
      droppedByKernel: 2,
      droppedByInterface: 0,
      droppedOnWrite: 1,
    });
    expect(status.message).toContain(
      "3 packets lost (2: the kernel's ring was full; 1: they could not be written)",
    );
    expect(status.message).toContain("3 packets of them went with 1 file");
  });

  test("for a reason nobody knows is a failure", () => {
    const odd = { reason: "Whatever", message: "" };
    expect(finalStatus(RUNNING, { end: odd, files: [], folder: "/out" }, PLAN, 0).progress).toBe("failure");
  });

  test("never says more than the schema allows", () => {
    const long = { reason: "CaptureError", message: "x".repeat(10_000) };
    expect(finalStatus(RUNNING, { end: long, files: [], folder: "/" }, PLAN, 0).message).toHaveLength(4096);
  });
});

test("the time of a condition moves only when its status does", () => {
  const fact = { type: "FilesAvailable", status: "True", reason: "FilesKept", message: "" } as const;
  const first = withCondition([], fact, "t1");
  expect(withCondition(first, { ...fact, message: "other" }, "t2")).toMatchObject([
    { lastTransitionTime: "t1", message: "other" },
  ]);
  expect(withCondition(first, { ...fact, status: "False" }, "t2")).toMatchObject([
    { lastTransitionTime: "t2" },
  ]);
});

function conditionsOf({ conditions = [] }: ReturnType<typeof finalStatus>): Record<string, string> {
  return Object.fromEntries(conditions.map(({ type, status }) => [type, status]));
}
