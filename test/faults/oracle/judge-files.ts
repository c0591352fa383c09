/** What lies on the disk: whole, listed, within its limits at every look, and nothing else. */
import { parseQuantity } from "../../../src/quantity.ts";
import { endedOnFailingDisk, isUnsealed } from "./failing-disk.ts";
import type { CaptureSeen, Finding, FolderSample, KeptFile, Observation } from "./observation.ts";
import { takenFrom } from "./taken-files.ts";

/** Bytes of a file that has just been opened: its header. */
const EMPTY_FILE = 24;

export function judgeFiles(capture: CaptureSeen, seen: Observation): Finding[] {
  const leftovers = endedOnFailingDisk(capture, seen) ? [] : capture.leftovers;
  return [
    ...capture.complaints.map((text) => ["readers", text] as const),
    ...leftovers.map((name) => ["leftovers", `${name} is still there`] as const),
    ...limits(capture).map((text) => ["limits", text] as const),
    ...(isUnsealed(capture, seen) ? [] : listing(capture, seen)).map((text) => ["listing", text] as const),
    ...capture.samples.flatMap(({ complaint }) =>
      complaint === undefined ? [] : [["running files", complaint] as const],
    ),
  ].map(([rule, text]) => ({ rule, kind: "untrue", capture: capture.name, text }));
}

function limits(capture: CaptureSeen): string[] {
  const size = parseQuantity(String(capture.spec.maxFileSize ?? "100M")) ?? 0;
  const count = Number(capture.spec.fileCount ?? 10);
  const looks: Pick<FolderSample, "files">[] = [...capture.samples, { files: capture.files }];
  const found = looks.flatMap(({ files }) => {
    const large = files.find(({ bytes }) => bytes > size);
    const filled = files.filter(({ bytes }) => bytes > EMPTY_FILE).length;
    const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
    return [
      ...(large === undefined ? [] : [`${large.name} has ${large.bytes} bytes, ${size} are allowed`]),
      ...(filled > count ? [`${filled} files are there, ${count} are allowed`] : []),
      ...(total > size * count + EMPTY_FILE ? [`${total} bytes are there, ${size * count} are allowed`] : []),
    ];
  });
  return found.slice(0, 1);
}

/** The last manifest lists what is there, with what is in it; also a whole file that somebody took away since. */
function listing(capture: CaptureSeen, { injections }: Observation): string[] {
  const { manifest, files, deletedAt } = capture;
  if (manifest === undefined || deletedAt !== undefined) return [];
  const told = (entries: { name: string; packets: number; bytes: number }[]) =>
    entries.map(({ name, packets, bytes }) => `${name}: ${packets} packets, ${bytes} bytes`);
  const taken = takenFrom(capture, injections);
  const listed = told(manifest.files.filter((file) => !taken.includes(file)));
  const found = told(files.map(({ packets, ...file }: KeptFile) => ({ ...file, packets: packets.length })));
  const unlisted = found.filter((entry) => !listed.includes(entry));
  const missing = listed.filter((entry) => !found.includes(entry));
  return [
    ...unlisted.map((entry) => `${entry} is there and not listed so`),
    ...missing.map((entry) => `${entry} is listed and not there so`),
  ];
}
