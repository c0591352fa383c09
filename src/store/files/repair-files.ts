import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type PacketFileName, packetFiles, preparedFiles, wholeName } from "../../agent/file-names.ts";
import { bootId } from "../../boot-id.ts";
import type { Native } from "../../capture/native.ts";
import type { Manifest, ManifestFile } from "./manifest.ts";
import { FILE_HEADER } from "./repair.ts";

/** Says one line to a person. */
export type Say = (line: string) => void;

/** A capture on the disk, and where to say what was found there. */
export interface Place {
  native: Native;
  folder: string;
  prefix: string;
  say: Say;
}

export interface RepairedFiles {
  /** Whole, in the order of their numbers. */
  files: ManifestFile[];
  /** Bytes behind the last whole packets. */
  cutBytes: number;
  /** Number of the newest file that was being written and had no packet: it is gone. */
  empty?: number;
}

/**
 * Only files the manifest reserved, and only plain ones. A name that is whole is given after the last byte: where it
 * is in no list, and what it holds is no whole capture file, it is somebody's.
 */
export async function repairFiles(place: Place, manifest: Manifest): Promise<RepairedFiles> {
  const result: RepairedFiles = { files: [], cutBytes: 0 };
  const vouched = vouchedFor(manifest);
  const listedFiles = new Map(manifest.files.map((file) => [file.name, file]));
  for (const found of foundFiles(place)) {
    const path = join(place.folder, found.name);
    if (found.number > manifest.reservedThrough) {
      place.say(`${path}: skipped: numbers of this capture end at ${manifest.reservedThrough}.`);
      continue;
    }
    const size = plainFileSize(path);
    if (size === undefined) {
      place.say(`${path}: skipped: it is not a plain file.`);
      continue;
    }
    const listed = listedFiles.get(found.name);
    if (listed?.bytes === size) {
      result.files.push(listed);
      continue;
    }
    const known = found.number === vouched?.number ? vouched : undefined;
    const recovered = await recoverFile(place, found, known);
    if (recovered === undefined) continue;
    if (!found.partial && listed === undefined && (recovered.cutBytes > 0 || size < FILE_HEADER)) {
      place.say(`${path}: skipped: it is not in the manifest, and no whole capture file.`);
      continue;
    }
    result.cutBytes += recovered.cutBytes;
    if (recovered.file !== undefined) result.files.push(recovered.file);
    else if (isBeingWritten(found)) result.empty = found.number;
  }
  return result;
}

/** It had its turn in the ring: one that was only made ahead is hidden. */
function isBeingWritten({ name, partial }: PacketFileName): boolean {
  return partial && !name.startsWith(".");
}

/** What was published is in the file, unless the machine went down with it: that may have taken some. */
function vouchedFor({ capture, current }: Manifest): ManifestFile | undefined {
  const boot = bootId();
  return boot !== "" && capture.boot === boot ? current : undefined;
}

function foundFiles({ folder, prefix }: Place): PacketFileName[] {
  const names = readdirSync(folder);
  const found = [...packetFiles(prefix, names), ...preparedFiles(prefix, names)];
  return found.sort((a, b) => a.number - b.number);
}

function plainFileSize(path: string): number | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() ? found.size : undefined;
}

async function recoverFile(
  { native, folder, say }: Place,
  found: PacketFileName,
  known: ManifestFile | undefined,
) {
  const path = join(folder, found.name);
  try {
    const { packets, bytes, cutBytes, firstTimestamp, lastTimestamp } = await native.recoverFile(path, known);
    if (packets === 0 && found.partial) return { cutBytes, file: undefined };
    const name = wholeName(found.name);
    return { cutBytes, file: { name, number: found.number, packets, bytes, firstTimestamp, lastTimestamp } };
  } catch (error) {
    say(`${path}: skipped: ${(error as Error).message}`);
    return undefined;
  }
}
