/** What lies on the disk: whole, listed, within its limits at every look, and nothing else. */
import { parseQuantity } from "../../../src/quantity.ts";
import type { CaptureSeen, Finding, FolderSample, KeptFile } from "./observation.ts";

/** Bytes of a file that has just been opened: its header. */
const EMPTY_FILE = 24;

export function judgeFiles(capture: CaptureSeen): Finding[] {
  return [
    ...capture.complaints.map((text) => ["readers", text] as const),
    ...capture.leftovers.map((name) => ["leftovers", `${name} is still there`] as const),
    ...limits(capture).map((text) => ["limits", text] as const),
    ...listing(capture).map((text) => ["listing", text] as const),
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

/** The last manifest lists what is there, with what is in it. */
function listing({ manifest, files, deletedAt }: CaptureSeen): string[] {
  if (manifest === undefined || deletedAt !== undefined) return [];
  const told = (entries: { name: string; packets: number; bytes: number }[]) =>
    entries.map(({ name, packets, bytes }) => `${name}: ${packets} packets, ${bytes} bytes`);
  const listed = told(manifest.files);
  const found = told(files.map(({ packets, ...file }: KeptFile) => ({ ...file, packets: packets.length })));
  const unlisted = found.filter((entry) => !listed.includes(entry));
  const missing = listed.filter((entry) => !found.includes(entry));
  return [
    ...unlisted.map((entry) => `${entry} is there and not listed so`),
    ...missing.map((entry) => `${entry} is listed and not there so`),
  ];
}
