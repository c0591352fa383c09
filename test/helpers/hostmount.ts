import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface MadeFile {
  number: number;
  content: Buffer;
  lastTimestamp?: string;
}

export interface MadeCapture {
  folder?: string;
  epoch?: number;
  files?: MadeFile[];
  /** The one that is being written; its manifest publishes `published` bytes. */
  part?: MadeFile & { published: number };
  manifest?: (manifest: Record<string, unknown>) => unknown;
}

export function madeFile(number: number, bytes: number, lastTimestamp?: string): MadeFile {
  const time = lastTimestamp === undefined ? {} : { lastTimestamp };
  return { number, content: randomBytes(bytes), ...time };
}

/** Writes a capture as an agent would leave it. @returns its prefix */
export function makeCapture(hostmount: string, made: MadeCapture): string {
  const { folder = "pcap1", epoch = 1_764_000_000, files = [], part } = made;
  const prefix = `node-a.${folder}.${epoch}`;
  const home = join(hostmount, folder);
  mkdirSync(home, { recursive: true });
  const entry = ({ number, content, lastTimestamp = "2026-11-24T10:00:00.000000000Z" }: MadeFile) => ({
    name: packetName(prefix, number),
    number,
    packets: 1,
    bytes: content.length,
    firstTimestamp: lastTimestamp,
    lastTimestamp,
  });
  for (const { number, content } of files) writeFileSync(join(home, packetName(prefix, number)), content);
  if (part !== undefined) {
    writeFileSync(join(home, `${packetName(prefix, part.number)}.part`), part.content);
  }
  const manifest = {
    manifest: "pcapper/v1",
    capture: {
      ...{ cluster: "", namespace: "pcapper", name: folder, uid: "u1", node: "node-a" },
      spec: { targetNode: "node-a", targetInterface: "eth0" },
    },
    reservedThrough: 64,
    files: files.map(entry),
    ...(part !== undefined && {
      current: { ...entry(part), name: `${packetName(prefix, part.number)}.part`, bytes: part.published },
    }),
    removed: { files: 0, packets: 0 },
    statistics: { packets: files.length },
    ...(part === undefined && { finished: { reason: "Stopped", message: "", time: "2026-11-24T10:00:01Z" } }),
  };
  const text = made.manifest === undefined ? JSON.stringify(manifest) : made.manifest(manifest);
  if (text !== undefined) {
    writeFileSync(join(home, `${prefix}.json`), typeof text === "string" ? text : JSON.stringify(text));
  }
  return prefix;
}

export function packetName(prefix: string, number: number): string {
  return `${prefix}.${String(number).padStart(5, "0")}.pcap`;
}
