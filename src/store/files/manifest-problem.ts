/** What a manifest must have before a file is touched, or a status written, on its word. Pure. */
import { isLabel, isSubdomain } from "../../api/metadata-problems.ts";

/** Numbers of files have 32 bits in the engine, which names them ahead of their use. */
const HIGHEST_NUMBER = 2 ** 32 - 10_000;
/** Characters: what a status has room for. */
const LONGEST_INTERFACE = 15;
const LONGEST_WORD = 64;
const LONGEST_NAME = 253;
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

/** Why a value that was read from a disk is no manifest of ours; undefined where it is one. */
export function manifestProblem(value: unknown): string | undefined {
  if (!isRecord(value) || value.manifest !== "pcapper/v1") return "it is no manifest of pcapper/v1";
  const { capture, current, interface: opened, finished } = value;
  if (!isOwner(capture)) return "it does not say whose capture it is";
  if (!isRecord(capture.spec)) return "it does not say what was to be captured";
  if (!hasFiles(value)) return "its list of files cannot be used";
  if (current !== undefined && !isManifestFile(current)) return "its current file cannot be used";
  if (!hasCounters(value)) return "its counters cannot be used";
  if (!hasTimes(value)) return "its times cannot be used";
  if (opened !== undefined && !isInterface(opened)) return "its interface cannot be used";
  if (finished !== undefined && !isEnd(finished)) return "its end cannot be used";
  return undefined;
}

/** Name and namespace become parts of a path. */
function isOwner(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value)) return false;
  const { namespace, name, uid, node, cluster = "", boot = "", creationTimestamp = "", target = {} } = value;
  return (
    typeof namespace === "string" &&
    isLabel(namespace) &&
    typeof name === "string" &&
    isSubdomain(name) &&
    [uid, node, cluster, boot].every((text) => isText(text, LONGEST_NAME)) &&
    isTime(creationTimestamp) &&
    isRecord(target) &&
    (target.podUID === undefined || isText(target.podUID, LONGEST_NAME))
  );
}

function hasFiles({ reservedThrough, files }: Record<string, unknown>): boolean {
  return isFileNumber(reservedThrough) && Array.isArray(files) && files.every(isManifestFile);
}

function isManifestFile(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value.name === "string" &&
    isFileNumber(value.number) &&
    isCount(value.packets) &&
    isCount(value.bytes) &&
    isTime(value.firstTimestamp) &&
    isTime(value.lastTimestamp)
  );
}

function hasCounters({ removed, statistics, highestNumber = 0 }: Record<string, unknown>): boolean {
  return (
    isRecord(removed) &&
    isFileNumber(removed.files) &&
    isCount(removed.packets) &&
    (removed.lastTimestamp === undefined || isTime(removed.lastTimestamp)) &&
    isFileNumber(highestNumber) &&
    isRecord(statistics) &&
    Object.values(statistics).every(isCount)
  );
}

function hasTimes(value: Record<string, unknown>): boolean {
  const { startTime = "", monotonicStart = 0, capturedThrough = "", lastSeen = "", gaps = [] } = value;
  return (
    isSeconds(monotonicStart) &&
    [startTime, capturedThrough, lastSeen].every(isTime) &&
    Array.isArray(gaps) &&
    gaps.every((gap) => isRecord(gap) && isTime(gap.from) && isTime(gap.to))
  );
}

function isInterface(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { name, index, linkType } = value;
  return isText(name, LONGEST_INTERFACE) && isCount(index) && isText(linkType, LONGEST_WORD);
}

function isEnd(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { reason, message, time } = value;
  const isWord = isText(reason, LONGEST_WORD) && /^[A-Z][A-Za-z0-9]*$/.test(reason);
  return isWord && typeof message === "string" && isTime(time);
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === "string" && value.length <= longest;
}

/** RFC 3339 since 1970, or empty for one that has not come. */
function isTime(value: unknown): boolean {
  if (typeof value !== "string") return false;
  return value === "" || (RFC3339.test(value) && Date.parse(value) >= 0);
}

function isSeconds(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) >= 0;
}

function isFileNumber(value: unknown): boolean {
  return isCount(value) && value <= HIGHEST_NUMBER;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
