import { readFileSync } from "node:fs";

export interface ManifestFile {
  name: string;
  number: number;
  packets: number;
  /** Of a file being written: the length a reader may trust. */
  bytes: number;
  firstTimestamp: string;
  lastTimestamp: string;
}

/** A capture's manifest, as far as tests look at it. */
export interface Manifest {
  manifest: "pcapper/v1";
  interface: { name: string; index: number; linkType: string };
  startTime: string;
  reservedThrough: number;
  files: ManifestFile[];
  current?: ManifestFile;
  removed: { files: number; packets: number };
  statistics: {
    packets: number;
    bytes: number;
    files: number;
    filesRemoved: number;
    dropped: number;
    droppedByKernel: number;
    droppedByInterface: number;
    droppedOnWrite: number;
  };
  gaps?: { from: string; to: string }[];
  finished?: { reason: string; message: string; time: string };
}

export function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, "utf8")) as Manifest;
}

/** RFC 3339 with nanoseconds or, as of some gaps, milliseconds → nanoseconds since 1970. */
export function nanoseconds(time: string): bigint {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{3}|\d{9})Z$/.exec(time);
  if (match === null) throw new Error(`"${time}" is not RFC 3339 with nanoseconds or milliseconds`);
  return BigInt(Date.parse(`${match[1]}Z`)) * 1_000_000n + BigInt((match[2] ?? "").padEnd(9, "0"));
}
