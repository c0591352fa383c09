import { existsSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { companionNames, leftovers, type PacketFileName, packetFiles } from "../../agent/file-names.ts";
import { isFinal } from "../../agent/progress.ts";
import { timeText } from "../../agent/status.ts";
import { planCapture } from "../../api/plan.ts";
import type { PacketCapture } from "../../api/resource.ts";
import type { Native } from "../../capture/native.ts";
import { replaceFile } from "./durable.ts";
import { asManifest, type Found, type Manifest, type ManifestFile, readRecord } from "./manifest.ts";
import type { Say } from "./recovery.ts";
import { endedResource, interruption, repairedManifest } from "./repair.ts";

interface Place {
  native: Native;
  folder: string;
  prefix: string;
  say: Say;
}

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
  if (!isLockable(join(folder, names.lock))) return false;
  const lock = native.tryLock(join(folder, names.lock));
  if (lock === null) return false;
  try {
    // First, as what they held may be the only room left.
    for (const name of leftovers(prefix, readdirSync(folder))) rmSync(join(folder, name), { force: true });
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

/** A lock is a plain file or not there yet: nothing else is opened. */
function isLockable(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
}

async function isWhole(place: Place): Promise<boolean> {
  const { manifest, status } = await records(place);
  const manifestDone = "problem" in manifest || manifest.value.finished !== undefined;
  const statusDone = "problem" in status ? "problem" in manifest : isFinal(status.value.status?.progress);
  if ("problem" in manifest && "problem" in status) {
    place.say(`${join(place.folder, place.prefix)}.json: skipped: ${manifest.problem}.`);
  }
  return manifestDone && statusDone;
}

async function records({ folder, prefix }: Place): Promise<{
  manifest: Found<Manifest>;
  status: Found<PacketCapture>;
}> {
  const names = companionNames(prefix);
  const manifest = await readRecord(join(folder, names.manifest));
  const status = await readRecord(join(folder, names.status));
  return {
    manifest: "problem" in manifest ? manifest : withSoundSpec(asManifest(manifest.value)),
    status: "problem" in status ? status : asResource(status.value),
  };
}

/** A spec that cannot be planned was not written by us. */
function withSoundSpec(found: Found<Manifest>): Found<Manifest> {
  if ("problem" in found) return found;
  try {
    planCapture(found.value.capture.spec);
    return found;
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

function asResource(value: unknown): Found<PacketCapture> {
  try {
    const resource = value as PacketCapture;
    planCapture(resource.spec);
    if (typeof resource.metadata.name === "string") return { value: resource };
  } catch {
    // Not a resource: said below.
  }
  return { problem: "it is no PacketCapture" };
}

/** Under the lock, so everything is read again: another process may have repaired it since. */
async function repair(place: Place): Promise<boolean> {
  const { manifest, status } = await records(place);
  const known = "problem" in status ? undefined : status.value;
  const ended = "problem" in manifest ? undefined : await endManifest(place, manifest.value);
  if (ended === undefined && isFinal(known?.status?.progress)) return false;
  if (ended !== undefined && !ended.changed && isFinal(known?.status?.progress)) return false;
  if (ended === undefined) sayUnusable(place, manifest);
  return writeEnd(place, known, ended?.manifest);
}

function sayUnusable({ folder, prefix, say }: Place, manifest: Found<Manifest>): void {
  const found = packetFiles(prefix, readdirSync(folder));
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
  const lastSeen = lastSign(place, manifest);
  const { files, cutBytes } = await repairFiles(place, manifest);
  const end = interruption(cutBytes);
  const repaired = repairedManifest(manifest, files, end, lastSeen);
  const text = `${JSON.stringify(repaired)}\n`;
  await replaceFile(join(place.folder, names.manifest), join(place.folder, names.manifestDraft), text);
  return { manifest: repaired, changed: true };
}

/** When the dead capture last wrote something: it captured at least until then, and nobody knows more. */
function lastSign({ folder, prefix }: Place, manifest: Manifest): string {
  const written = readdirSync(folder)
    .filter((name) => name.startsWith(`${prefix}.`))
    .map((name) => lstatSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return timeText(Math.max(Date.parse(manifest.startTime ?? "") || 0, ...written));
}

/** Only files the manifest reserved, and only plain ones. */
async function repairFiles(
  place: Place,
  manifest: Manifest,
): Promise<{ files: ManifestFile[]; cutBytes: number }> {
  const files: ManifestFile[] = [];
  let cutBytes = 0;
  for (const found of packetFiles(place.prefix, readdirSync(place.folder))) {
    const path = join(place.folder, found.name);
    if (found.number > manifest.reservedThrough) continue;
    const size = plainFileSize(path);
    if (size === undefined) {
      place.say(`${path}: skipped: it is not a plain file.`);
      continue;
    }
    const listed = manifest.files.find((file) => file.name === found.name && file.bytes === size);
    if (listed !== undefined) {
      files.push(listed);
      continue;
    }
    const recovered = await recoverFile(place, found);
    if (recovered === undefined) continue;
    cutBytes += recovered.cutBytes;
    if (recovered.file !== undefined) files.push(recovered.file);
  }
  return { files, cutBytes };
}

function plainFileSize(path: string): number | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() ? found.size : undefined;
}

async function recoverFile({ native, folder, say }: Place, found: PacketFileName) {
  const path = join(folder, found.name);
  try {
    const { packets, bytes, cutBytes, firstTimestamp, lastTimestamp } = await native.recoverFile(path);
    if (packets === 0 && found.partial) return { cutBytes, file: undefined };
    const name = found.name.replace(/\.part$/, "");
    return { cutBytes, file: { name, number: found.number, packets, bytes, firstTimestamp, lastTimestamp } };
  } catch (error) {
    say(`${path}: skipped: ${(error as Error).message}`);
    return undefined;
  }
}

async function writeEnd(
  { folder, prefix, say }: Place,
  known: PacketCapture | undefined,
  manifest: Manifest | undefined,
): Promise<boolean> {
  const files = packetFiles(prefix, readdirSync(folder)).map(({ name }) => join(folder, name));
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
