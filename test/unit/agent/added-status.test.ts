import { expect, test } from "vitest";
import { addedStatus } from "../../../src/agent/added-status.ts";
import type { PacketCaptureStatus } from "../../../src/api/resource.ts";
import type { CaptureReport } from "../../../src/capture/native.ts";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const lost: PacketCaptureStatus = {
  progress: "failure",
  reason: "AgentLost",
  message: "The agent of node worker-01 is gone.",
  node: "worker-01",
  fileLocation: "/var/pcapper/a",
  conditions: [
    {
      type: "Finished",
      status: "True",
      reason: "AgentLost",
      message: "",
      lastTransitionTime: "2026-03-01T11:00:00Z",
    },
    {
      type: "FilesAvailable",
      status: "Unknown",
      reason: "AgentLost",
      message: "",
      lastTransitionTime: "2026-03-01T11:00:00Z",
    },
  ],
};
const report: CaptureReport = {
  state: "ended",
  end: { reason: "TimeElapsed", message: "" },
  warnings: [],
  statistics: {
    packets: 20,
    bytes: 2000,
    files: 1,
    filesRemoved: 0,
    packetsRemoved: 0,
    droppedByKernel: 1,
    droppedByInterface: 0,
    droppedOnWrite: 0,
  },
  currentFile: "",
  bytesOnDisk: 0,
  startTime: NOW - 600_000,
  resumedTime: 0,
  endTime: NOW - 300_000,
};

test("files, counters and the end are added; the word of others stays", () => {
  const status = addedStatus(
    lost,
    { files: ["/var/pcapper/a/1.pcap"], folder: "/var/pcapper/a", report },
    NOW,
  );
  const { progress, reason, message, node } = lost;
  expect(status).toMatchObject({ progress, reason, message, node });
  expect(status).toMatchObject({
    fileLocation: "/var/pcapper/a/1.pcap",
    endTime: "2026-03-01T11:55:00.000Z",
    statistics: { packets: 20, dropped: 1, files: 1 },
  });
  expect(status.conditions).toMatchObject([
    { type: "Finished", lastTransitionTime: "2026-03-01T11:00:00Z" },
    { type: "FilesAvailable", status: "True", lastTransitionTime: "2026-03-01T12:00:00.000Z" },
  ]);
});

test("where nothing is left, no place is named", () => {
  const status = addedStatus(lost, { files: [], folder: "/var/pcapper/a" }, NOW);
  expect(status.fileLocation).toBeUndefined();
  expect(status.statistics).toBeUndefined();
  expect(status.endTime).toBe("2026-03-01T12:00:00.000Z");
  expect(status.conditions?.at(-1)).toMatchObject({
    type: "FilesAvailable",
    status: "False",
    reason: "NoFiles",
  });
});

test("several files are in their folder", () => {
  const files = ["/var/pcapper/a/1.pcap", "/var/pcapper/a/2.pcap"];
  expect(addedStatus(lost, { files, folder: "/var/pcapper/a", report }, NOW).fileLocation).toBe(
    "/var/pcapper/a",
  );
});

test("gaps that were never told are told now, and none is taken back", () => {
  const gaps = [
    { from: "2026-03-01T11:00:00Z", to: "2026-03-01T11:00:10Z" },
    { from: "2026-03-01T11:10:00Z", to: "2026-03-01T11:10:05Z" },
  ];
  const added = (before: PacketCaptureStatus) =>
    addedStatus(before, { files: [], folder: "/var/pcapper/a", report, gaps }, NOW);
  expect(added({ ...lost, resumes: 1, gapSeconds: 10 })).toMatchObject({ resumes: 2, gapSeconds: 15 });
  expect(added({ ...lost, resumes: 3, gapSeconds: 90 })).toMatchObject({ resumes: 3, gapSeconds: 90 });
});
