import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { companionNames, leftovers, packetFiles } from "../../agent/file-names.ts";
import type { Native } from "../../capture/native.ts";
import { largest } from "../../largest.ts";
import { readRecords } from "./capture-records.ts";
import { claimedEpoch } from "./claimed-epoch.ts";
import { replaceFile } from "./durable.ts";
import type { Manifest } from "./manifest.ts";
import { capturedThrough, repairedManifest } from "./repair.ts";
import { repairFiles, type Say } from "./repair-files.ts";
import { foldersIn } from "./running-captures.ts";

/** What an earlier process left of one capture. */
export interface CaptureRemains {
  folder: string;
  prefix: string;
  manifest: Manifest;
  /** Until when it surely kept what it saw, RFC 3339. */
  lastSeen: string;
}

/**
 * Finds the manifest of a capture by its uid: names come again, uids do not. Only its own folder can have it, under its
 * own name: a copy that somebody made is none to go on with.
 */
export async function findRemains(
  output: string,
  name: string,
  uid: string,
): Promise<{ folder: string; prefix: string; manifest: Manifest } | undefined> {
  const folder = join(output, name);
  if (!foldersIn(output).includes(folder)) return undefined;
  for (const file of readdirSync(folder).sort().reverse()) {
    if (!file.endsWith(".json") || file.startsWith(".") || file.endsWith(".status.json")) continue;
    const prefix = file.slice(0, -".json".length);
    const { manifest } = await readRecords(folder, prefix);
    if ("problem" in manifest || manifest.value.capture.uid !== uid) continue;
    if (claimedEpoch(folder, prefix, manifest.value) !== undefined) {
      return { folder, prefix, manifest: manifest.value };
    }
  }
  return undefined;
}

/**
 * Makes the files of a dead capture whole, and its manifest say so. The caller holds the capture's lock.
 * @param now by this node's clock, ms since 1970, where the capture may go on: it was not seen after that
 */
export async function repairRemains(
  native: Native,
  found: { folder: string; prefix: string; manifest: Manifest },
  say: Say,
  now?: number,
): Promise<CaptureRemains> {
  const { folder, prefix } = found;
  const place = { native, folder, prefix, say };
  for (const name of leftovers(prefix, readdirSync(folder))) rmSync(join(folder, name), { force: true });
  const highestNumber = highestNumberOf(found);
  // First on the disk what the repair itself makes unknowable: it may be cut short, and be done again.
  await saveManifest(folder, prefix, { ...found.manifest, highestNumber });
  const repaired = repairedManifest(found.manifest, await repairFiles(place, found.manifest));
  const lastSeen = capturedThrough(repaired, now);
  const manifest = { ...repaired, highestNumber, lastSeen };
  await saveManifest(folder, prefix, manifest);
  return { folder, prefix, manifest, lastSeen };
}

/** Looked at before a repair, which removes files that are empty: their numbers were seen all the same. */
function highestNumberOf({ folder, prefix, manifest }: Omit<CaptureRemains, "lastSeen">): number {
  const { files, current, removed, reservedThrough, highestNumber = 0 } = manifest;
  const onDisk = packetFiles(prefix, readdirSync(folder)).filter(({ number }) => number <= reservedThrough);
  const numbers = [...onDisk, ...files, ...(current === undefined ? [] : [current])].map(
    ({ number }) => number,
  );
  return largest(numbers, Math.max(highestNumber, removed.files));
}

/**
 * Marks the manifest of a capture that ended without its engine. One that has an end keeps it.
 * @param finish what it becomes
 * @throws where it cannot be written
 */
export async function sealManifest(
  folder: string,
  prefix: string,
  finish: (manifest: Manifest) => Manifest,
): Promise<void> {
  const { manifest } = await readRecords(folder, prefix);
  if ("problem" in manifest || manifest.value.finished !== undefined) return;
  await saveManifest(folder, prefix, finish(manifest.value));
}

/**
 * Whether the engine of a capture that is over could not write its last manifest: files that this one does not list would
 * be nobody's, if it had an end. A repair lists them.
 */
export async function needsRepair(folder: string, prefix: string): Promise<boolean> {
  const { manifest } = await readRecords(folder, prefix);
  if ("problem" in manifest || manifest.value.finished !== undefined) return false;
  const { files, current, reservedThrough } = manifest.value;
  const listed = new Set(files.map(({ name }) => name));
  return (
    current !== undefined ||
    packetFiles(prefix, readdirSync(folder)).some(
      ({ name, number }) => number <= reservedThrough && !listed.has(name),
    )
  );
}

async function saveManifest(folder: string, prefix: string, manifest: Manifest): Promise<void> {
  const names = companionNames(prefix);
  await replaceFile(
    join(folder, names.manifest),
    join(folder, names.manifestDraft),
    `${JSON.stringify(manifest)}\n`,
  );
}
