import { rename, rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { ExportChecksum } from "../export/listing.ts";
import { type Draft, hashOfFile, openDraft } from "./draft.ts";
import { exportError, parseChecksum } from "./export-answer.ts";
import { ConnectionLost, type ExportTransport } from "./export-transport.ts";
import { FetchError } from "./fetch-error.ts";
import { keepOther } from "./keep-other.ts";
import { copyAll, mustHaveRoom, sizeOf } from "./local-disk.ts";
import { type Patience, withPatience } from "./patience.ts";

/** A file of a node and where it shall be. */
export interface WantedFile {
  folder: string;
  name: string;
  bytes: number;
  /** It only ever grows on the node, as packets do and manifests do not. */
  appendOnly: boolean;
  /** Its path here. */
  target: string;
}

export interface FetchedFile {
  bytes: number;
  sha256: string;
  /** It was here already, with the same bytes and no others. */
  already: boolean;
  /** The name of what was here before and is another file, or a longer one. */
  kept?: string;
}

export interface FetchWorld {
  transport: ExportTransport;
  patience: Patience;
  signal: AbortSignal;
  /** A UUID: what was sent over a connection that was lost is ended by the next one. */
  session: string;
  /** Told how many bytes more (or, after a restart, less) of the file are here, and whether they came just now. */
  onBytes(more: number, received: boolean): void;
  onLost(error: ConnectionLost): void;
}

/**
 * Brings one file here, from where an earlier try ended, and gives it its name when its checksum is that of the
 * node's file. What has the name until then stays as it is. @throws FetchError, ConnectionLost, ExportRefused, or the error of the disk here
 */
export async function fetchFile(world: FetchWorld, wanted: WantedFile): Promise<FetchedFile> {
  const { target, bytes, appendOnly } = wanted;
  const draftPath = `${target}.partial`;
  const before = await sizeOf(target);
  if (before === bytes) {
    const { sha256 } = await remoteChecksum(world, wanted);
    if ((await hashOfFile(target, bytes)) === sha256) {
      world.onBytes(bytes, false);
      return { bytes, sha256, already: true };
    }
  }
  // What was fetched while the file still grew is its beginning.
  if (appendOnly && before !== undefined && before < bytes && (await sizeOf(draftPath)) === undefined) {
    await mustHaveRoom(dirname(target), bytes);
    await copyAll(target, draftPath);
  }
  const sha256 = await fillDraft(world, wanted, draftPath);
  const kept = appendOnly && before !== undefined ? await keepOther(target, draftPath) : undefined;
  await rename(draftPath, target);
  return { bytes, sha256, already: false, ...(kept !== undefined && { kept: basename(kept) }) };
}

async function fillDraft(world: FetchWorld, wanted: WantedFile, path: string): Promise<string> {
  const draft = await openDraft(path, wanted.bytes);
  let bad = false;
  try {
    await mustHaveRoom(path, wanted.bytes - draft.size());
    world.onBytes(draft.size(), false);
    const first = await receive(world, wanted, draft);
    if (first === draft.sha256()) return first;
    // Perhaps only the beginning, which was here before, is of another file.
    world.onBytes(-draft.size(), false);
    await draft.restart();
    const second = await receive(world, wanted, draft);
    if (second === draft.sha256()) return second;
    bad = true;
    throw new FetchError(
      `its bytes changed on the way, twice: SHA-256 is ${draft.sha256()} here and ${second} on the node`,
    );
  } finally {
    await draft.sync().finally(() => draft.close());
    if (bad) await rm(path, { force: true });
  }
}

/** Fills the draft up to its wanted size. @returns the checksum that the node made while it sent */
function receive(world: FetchWorld, wanted: WantedFile, draft: Draft): Promise<string> {
  const attempt = async (): Promise<string> => {
    const { sha256 } = await readRange(world, wanted, draft.size(), async (chunks) => {
      const more = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      if (draft.size() + more > wanted.bytes) throw new FetchError("the node sent more than the file has");
      await draft.append(chunks);
      world.onBytes(more, true);
    });
    // Exec has lost the last bytes of a command before now.
    if (draft.size() < wanted.bytes) throw new ConnectionLost("the node ended before all bytes had come");
    return sha256;
  };
  return withPatience(attempt, world.patience, world.signal, draft.size, world.onLost);
}

function remoteChecksum(world: FetchWorld, wanted: WantedFile): Promise<ExportChecksum> {
  const attempt = () => readRange(world, wanted, wanted.bytes, async () => undefined);
  return withPatience(attempt, world.patience, world.signal, () => 0, world.onLost);
}

async function readRange(
  { transport, signal, session }: FetchWorld,
  { folder, name, bytes }: WantedFile,
  from: number,
  take: (chunks: readonly Buffer[]) => Promise<void>,
): Promise<ExportChecksum> {
  const range = ["--from", String(from), "--to", String(bytes)];
  const args = ["read", folder, name, ...range, "--session", session];
  const { exitCode, stderr } = await transport.exec(args, take, signal);
  if (exitCode !== 0) throw exportError(exitCode, stderr);
  const checksum = parseChecksum(stderr);
  if (checksum?.bytes !== bytes) throw new ConnectionLost("the node's checksum did not come");
  return checksum;
}
