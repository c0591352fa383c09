import { existsSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { companionNames, leftovers, packetFiles, preparedFiles } from "../../agent/file-names.ts";
import { isFinal } from "../../agent/progress.ts";
import type { PacketCapture } from "../../api/resource.ts";
import type { FileLock, Native } from "../../capture/native.ts";
import { readRecords } from "./capture-records.ts";
import { replaceFile } from "./durable.ts";
import type { Manifest } from "./manifest.ts";
import { filesLeft } from "./own-files.ts";
import type { Found } from "./parse-record.ts";
import {
  capturedThrough,
  endedResource,
  FILE_HEADER,
  finishedManifest,
  interruption,
  repairedManifest,
} from "./repair.ts";
import { type Place, repairFiles, type Say } from "./repair-files.ts";
import { LARGEST_LOCK } from "./running-captures.ts";

/** Repairs one capture, unless it runs or is whole already. @returns whether it was repaired */
export async function recoverCapture(
  native: Native,
  folder: string,
  prefix: string,
  say: Say,
): Promise<boolean> {
  const place = { native, folder, prefix, say };
  const names = companionNames(prefix);
  const hadLock = existsSync(join(folder, names.lock));
  if (!hadLock && (await isWhole(place))) return false;
  const lock = lockOrSay(place, join(folder, names.lock));
  if (lock === null) return false;
  try {
    // First, as what they held may be the only room left.
    for (const name of leftovers(prefix, readdirSync(folder))) rmSync(join(folder, name), { force: true });
    for (const { name } of preparedFiles(prefix, readdirSync(folder))) removeEmpty(join(folder, name));
    const repaired = await repair(place);
    rmSync(join(folder, names.lock), { force: true });
    return repaired;
  } catch (error) {
    say(`${join(folder, prefix)}.json: skipped: ${(error as Error).message}.`);
    return false;
  } finally {
    lock.release();
  }
}

/** A lock is a small plain file or not there yet: nothing else is opened. */
function isLockable(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found === undefined || (found.isFile() && found.size <= LARGEST_LOCK);
}

/** null where another process holds it, it is no lock of ours, or nobody can take it (a read-only disk). */
function lockOrSay({ native, folder, prefix, say }: Place, path: string): FileLock | null {
  try {
    return isLockable(path) ? native.tryLock(path) : null;
  } catch (error) {
    say(`${join(folder, prefix)}.json: skipped: ${(error as Error).message}.`);
    return null;
  }
}

/** A prepared file without a single packet; one with more is made whole like any other. */
function removeEmpty(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile() && found.size <= FILE_HEADER) rmSync(path, { force: true });
}

async function isWhole(place: Place): Promise<boolean> {
  const { manifest, status } = await readRecords(place.folder, place.prefix);
  const manifestDone = "problem" in manifest || manifest.value.finished !== undefined;
  const statusDone = "problem" in status ? "problem" in manifest : isFinal(status.value.status?.progress);
  if ("problem" in manifest && "problem" in status) {
    place.say(`${join(place.folder, place.prefix)}.json: skipped: ${manifest.problem}.`);
  }
  return manifestDone && statusDone;
}

/** Under the lock, so everything is read again: another process may have repaired it since. */
async function repair(place: Place): Promise<boolean> {
  const { manifest, status } = await readRecords(place.folder, place.prefix);
  const known = "problem" in status ? undefined : status.value;
  const ended = "problem" in manifest ? undefined : await endManifest(place, manifest.value);
  if (ended === undefined && isFinal(known?.status?.progress)) return false;
  if (ended !== undefined && !ended.changed && isFinal(known?.status?.progress)) return false;
  if (ended === undefined) sayUnusable(place, manifest);
  return writeEnd(place, known, ended?.manifest);
}

function sayUnusable({ folder, prefix, say }: Place, manifest: Found<Manifest>): void {
  const inFolder = readdirSync(folder);
  const found = [...packetFiles(prefix, inFolder), ...preparedFiles(prefix, inFolder)];
  if (!("problem" in manifest) || found.length === 0) return;
  say(
    `${join(folder, prefix)}.json: ${manifest.problem}; its ${found.length} packet files were left as they are.`,
  );
}

async function endManifest(
  place: Place,
  manifest: Manifest,
): Promise<{ manifest: Manifest; changed: boolean }> {
  if (manifest.finished !== undefined) return { manifest, changed: false };
  const names = companionNames(place.prefix);
  const found = await repairFiles(place, manifest);
  const end = interruption(found.cutBytes);
  const whole = repairedManifest(manifest, found);
  const repaired = finishedManifest(whole, end, capturedThrough(whole));
  const text = `${JSON.stringify(repaired)}\n`;
  await replaceFile(join(place.folder, names.manifest), join(place.folder, names.manifestDraft), text);
  return { manifest: repaired, changed: true };
}

async function writeEnd(
  { folder, prefix, say }: Place,
  known: PacketCapture | undefined,
  manifest: Manifest | undefined,
): Promise<boolean> {
  const files = filesLeft(packetFiles(prefix, readdirSync(folder)), manifest).map(({ name }) =>
    join(folder, name),
  );
  const resource = endedResource(known, manifest, { folder, files, now: Date.now() });
  if (resource === undefined) return false;
  const names = companionNames(prefix);
  const text = `${JSON.stringify(resource, null, 2)}\n`;
  await replaceFile(join(folder, names.status), join(folder, names.statusDraft), text);
  const { namespace, name } = resource.metadata;
  say(
    `${namespace}/${name}: ${resource.status?.reason}: ${resource.status?.message} ${join(folder, prefix)}.json`,
  );
  return true;
}
