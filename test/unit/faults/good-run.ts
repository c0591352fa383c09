import type { PacketCaptureStatus } from "../../../src/api/resource.ts";
import type { Batch, CaptureSeen, KeptPacket, Observation } from "../../faults/oracle/observation.ts";

/** 2026-01-01T00:00:00Z */
export const T = Date.UTC(2026, 0, 1);
const PACKETS = 1000;
const FIRST_SEEN = 200;
const LAST_SEEN = 800;

/** A packet each 10 ms from T on, numbered from 0. */
function tenMillisecondsApart(): Batch[] {
  return Array.from({ length: PACKETS }, (_, first) => {
    const from = T + 10 * first;
    return { first, count: 1, from, to: from + 0.1 };
  });
}

export function packet(number: number): KeptPacket {
  return { number, at: T + 10 * number + 0.05 };
}

export function packets(first: number, last: number): KeptPacket[] {
  return Array.from({ length: last - first + 1 }, (_, index) => packet(first + index));
}

function time(at: number): string {
  return new Date(at).toISOString();
}

/** Ran from T + 2 s to T + 8 s and kept packets 200 to 799 in two files. */
function goodCapture(): CaptureSeen {
  const statistics = { packets: 600, bytes: 60_000, files: 2, filesRemoved: 0, dropped: 0 };
  const running: PacketCaptureStatus = {
    progress: "running",
    node: "node-1",
    scheduledTime: time(T + 1900),
    startTime: time(T + 2000),
    statistics: { ...statistics, packets: 100 },
  };
  const condition = (type: string) => ({
    type,
    status: "True",
    reason: "TimeElapsed",
    message: "",
    lastTransitionTime: time(T + 8000),
  });
  const finished = {
    ...running,
    progress: "finished",
    reason: "TimeElapsed",
    endTime: time(T + 8000),
    fileLocation: "/var/pcapper/one",
    statistics: { ...statistics },
    conditions: [condition("Finished"), condition("Complete"), condition("FilesAvailable")],
  } as PacketCaptureStatus;
  const event = (reason: string) => ({ reason, type: "Normal", message: "", count: 1 });
  const files = [
    { name: "node-1.one.1.00001.pcap", bytes: 40_000, packets: packets(FIRST_SEEN, 499) },
    { name: "node-1.one.1.00002.pcap", bytes: 40_000, packets: packets(500, LAST_SEEN - 1) },
  ];
  return {
    name: "one",
    uid: "uid-1",
    stream: "node",
    filtered: false,
    spec: {
      targetNode: "node-1",
      targetInterface: "up0",
      captureSeconds: 6,
      maxFileSize: "64Ki",
      fileCount: 2,
    },
    createdAt: T + 1800,
    history: [
      { at: T + 1800, status: {} },
      { at: T + 1900, status: { progress: "scheduled", node: "node-1", scheduledTime: time(T + 1900) } },
      { at: T + 2100, status: running },
      { at: T + 8500, status: finished },
    ],
    events: ["Scheduled", "Running", "TimeElapsed"].map(event),
    manifest: {
      startTime: T + 2000,
      endTime: T + 8000,
      reason: "TimeElapsed",
      gaps: [],
      removedPackets: 0,
      statistics,
      files: files.map(({ name, bytes, packets: kept }) => ({ name, bytes, packets: kept.length })),
    },
    files,
    complaints: [],
    leftovers: [],
    samples: [{ at: T + 4000, files: files.map(({ name, bytes }) => ({ name, bytes })) }],
  };
}

export function goodRun(): Observation {
  const figures = { descriptors: 30, threads: 12, sockets: 4, residentKilobytes: 40_000 };
  return {
    node: "node-1",
    ofOthers: [],
    sent: { node: tenMillisecondsApart() },
    captures: [goodCapture()],
    injections: [],
    agentAway: [{ from: T - 2000, to: T - 1000 }],
    strangers: [{ path: "/mnt/notes", touched: false }],
    leftInHostmount: [],
    deaths: [],
    sanitizer: [],
    process: { before: figures, after: { ...figures } },
    endedAt: T + 12_000,
  };
}
