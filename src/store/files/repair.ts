import { withGap } from "../../agent/gaps.ts";
import { finalStatus, timeText } from "../../agent/status.ts";
import { planCapture } from "../../api/plan.ts";
import { API_VERSION, KIND, type PacketCapture } from "../../api/resource.ts";
import type { CaptureEnd, CaptureReport } from "../../capture/native.ts";
import { largest } from "../../largest.ts";
import type { Manifest, ManifestFile } from "./manifest.ts";
import type { RepairedFiles } from "./repair-files.ts";
import { unseenRemovals } from "./unseen-removals.ts";

/** Bytes of a pcap file's header, and of each record's. */
export const FILE_HEADER = 24;
const RECORD_HEADER = 16;

const DIED = "The process that captured ended before the capture did";

/** What a dead capture ends with that has no usable manifest: nothing can be said about its files. */
const UNCHECKED: CaptureEnd = {
  reason: "Interrupted",
  message: `${DIED}; files it may have left were not touched.`,
};

/** What a dead capture ends with, and how many bytes had to go. */
export function interruption(cutBytes: number): CaptureEnd {
  const cut = cutBytes > 0 ? ` ${cutBytes} bytes after the last whole packet were cut off.` : "";
  const message = `${DIED}; its files were checked and kept.${cut} Packets that were still in memory are lost and cannot be counted.`;
  return { reason: "Interrupted", message };
}

/** The manifest of a dead capture, with the files as they were found after repair. */
export function repairedManifest(manifest: Manifest, { files, empty }: RepairedFiles): Manifest {
  const { current, ...rest } = manifest;
  const known = current === undefined ? manifest.files : [...manifest.files, current];
  const numbers = new Set(files.map((file) => file.number));
  const unseen = unseenRemovals(manifest, files, empty);
  const gone = known.filter(
    ({ number }) => !numbers.has(number) && (number !== current?.number || unseen.includes(number)),
  );
  const uncounted = unseen.filter((number) => number !== current?.number);
  const through = newestOf([manifest.removed, ...gone].map(({ lastTimestamp }) => lastTimestamp));
  const removed = {
    files: manifest.removed.files + gone.length + uncounted.length,
    packets: manifest.removed.packets + sum(gone, (file) => file.packets),
    ...(through === undefined ? {} : { lastTimestamp: through }),
  };
  const counted = countedThrough(manifest, files, unseen);
  const newest = countedThrough(rest, files, []);
  // What was captured since is in part in files that the ring has removed: a time of which nothing is claimed.
  const gap = Date.parse(newest) > Date.parse(counted) ? [{ from: counted, to: newest }] : [];
  // A file that has lost all its packets is not gone with the ring: neither they nor their bytes count any longer.
  const notRemoved = known.filter((file) => !gone.includes(file));
  const removedBytes = Math.max(0, (manifest.statistics.bytes ?? 0) - sum(notRemoved, packetBytes));
  return {
    ...rest,
    files,
    removed,
    ...(gap.length === 0 ? {} : { gaps: [...(manifest.gaps ?? []), ...gap] }),
    statistics: {
      ...manifest.statistics,
      packets: removed.packets + sum(files, (file) => file.packets),
      bytes: removedBytes + sum(files, packetBytes),
      files: files.length,
      filesRemoved: removed.files,
    },
  };
}

/**
 * Until when a capture that nobody runs surely kept and counted what it saw, RFC 3339: what its engine said when it left
 * it, else its newest packet, also one in a file that was removed and counted, or when it last began. Not when it last
 * wrote: some of what was in memory then was older.
 * @param now ms since 1970: a time after it was told by a clock that was set back since, and counts only where all are
 */
export function capturedThrough(repaired: Manifest, now = Number.POSITIVE_INFINITY): string {
  return countedThrough(repaired, repaired.files, [], now);
}

/** @param unseen numbers of files that the ring has removed and nobody has counted */
function countedThrough(
  manifest: Manifest,
  files: readonly ManifestFile[],
  [uncounted = Number.POSITIVE_INFINITY]: readonly number[],
  now = Number.POSITIVE_INFINITY,
): string {
  const { startTime = "", capturedThrough: left = "", gaps = [], current, removed } = manifest;
  const listed = current === undefined ? manifest.files : [...manifest.files, current];
  const counted = [
    ...files.filter(({ number }) => number < uncounted),
    ...listed.filter(({ number }) => number <= uncounted),
  ];
  const packets = [removed, ...counted].map(({ lastTimestamp = "" }) => lastTimestamp);
  const told = [startTime, left, ...gaps.map(({ to }) => to), ...packets];
  const times = told.map((time) => Date.parse(time) || 0).filter((time) => time > 0);
  const past = times.filter((time) => time <= now);
  return timeText(largest(past.length > 0 ? past : times, 0));
}

/** Of times as the engine writes them, nine digits behind the second; undefined where there is none. */
function newestOf(times: readonly (string | undefined)[]): string | undefined {
  return times
    .filter((time) => time !== undefined && time !== "")
    .sort()
    .at(-1);
}

/** The manifest of a capture that will not go on. From when it was last seen to its end nothing was captured. */
export function finishedManifest(manifest: Manifest, end: CaptureEnd, time: string): Manifest {
  const { lastSeen: from = time, gaps = [] } = manifest;
  const all = Date.parse(time) > Date.parse(from) ? withGap(gaps, from, time) : gaps;
  return { ...manifest, ...(all.length === 0 ? {} : { gaps: all }), finished: { ...end, time } };
}

function packetBytes({ bytes, packets }: ManifestFile): number {
  return Math.max(0, bytes - FILE_HEADER - RECORD_HEADER * packets);
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

/** The resource of a dead capture with its last status; `known` is what was on disk of it. */
export function endedResource(
  known: PacketCapture | undefined,
  manifest: Manifest | undefined,
  place: { folder: string; files: readonly string[]; now: number },
): PacketCapture | undefined {
  const resource = known ?? (manifest === undefined ? undefined : resourceOf(manifest));
  if (resource === undefined) return undefined;
  const { reason, message } = manifest?.finished ?? UNCHECKED;
  const node = resource.status?.node ?? manifest?.capture.node;
  const before = { ...resource.status, ...(node === undefined ? {} : { node }) };
  const ending = { end: { reason, message }, files: place.files, folder: place.folder };
  const report = manifest === undefined ? undefined : reportOf(manifest);
  const status = finalStatus(
    before,
    report ? { ...ending, report } : ending,
    planCapture(resource.spec),
    place.now,
  );
  const resourceVersion = String(Number(resource.metadata.resourceVersion ?? 0) + 1);
  return { ...resource, metadata: { ...resource.metadata, resourceVersion }, status };
}

function resourceOf({ capture }: Manifest): PacketCapture {
  const { namespace, name, uid, spec } = capture;
  return { apiVersion: API_VERSION, kind: KIND, metadata: { name, namespace, uid }, spec };
}

/** What the engine would have reported at its end. */
export function reportOf(manifest: Manifest): CaptureReport {
  const { statistics, removed, finished } = manifest;
  const counter = (name: string) => statistics[name] ?? 0;
  const report: CaptureReport = {
    state: "ended",
    warnings: [],
    statistics: {
      packets: counter("packets"),
      bytes: counter("bytes"),
      files: counter("files"),
      filesRemoved: removed.files,
      packetsRemoved: removed.packets,
      droppedByKernel: counter("droppedByKernel"),
      droppedByInterface: counter("droppedByInterface"),
      droppedOnWrite: counter("droppedOnWrite"),
    },
    currentFile: "",
    bytesOnDisk: 0,
    startTime: milliseconds(manifest.startTime),
    resumedTime: 0,
    endTime: milliseconds(finished?.time),
  };
  return manifest.interface === undefined ? report : { ...report, interface: manifest.interface };
}

function milliseconds(time: string | undefined): number {
  const parsed = Date.parse(time ?? "");
  return Number.isNaN(parsed) ? 0 : parsed;
}
