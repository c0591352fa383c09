import { rename, rm, truncate } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { ExportChecksum } from "../export/listing.ts";
import { type Draft, hashOfFile, openDraft } from "./draft.ts";
import { exportError, parseChecksum } from "./export-answer.ts";
import { ConnectionLost, type ExportTransport } from "./export-transport.ts";
import { FetchError } from "./fetch-error.ts";
import { freeNameBeside, keepOther } from "./keep-other.ts";
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
  /** Told of what was here before, and is another file or a longer one: the file, and the name it has now. */
  onKept(file: string, kept: string): void;
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
  const copied =
    appendOnly && before !== undefined && before < bytes && (await sizeOf(draftPath)) === undefined;
  if (copied) {
    await mustHaveRoom(dirname(target), bytes);
    await copyAll(target, draftPath);
  }
  const sha256 = await fillDraft(world, wanted, draftPath, appendOnly && !copied);
  const kept = appendOnly && before !== undefined ? await keepOther(target, draftPath) : undefined;
  await rename(draftPath, target);
  if (kept !== undefined) world.onKept(`${wanted.folder}/${wanted.name}`, basename(kept));
  return { bytes, sha256, already: false };
}

/** @param keep whether what was begun here before is evidence, of which nothing is thrown away */
async function fillDraft(
  world: FetchWorld,
  wanted: WantedFile,
  path: string,
  keep: boolean,
): Promise<string> {
  const begun = await sizeOf(path);
  if (keep && begun !== undefined && begun > wanted.bytes) await keepBegun(world, wanted, path);
  const first = await tryDraft(world, wanted, path);
  if (first.here === first.there) return first.there;
  // Perhaps only the beginning, which was here before, is of another file.
  world.onBytes(-wanted.bytes, false);
  await truncate(path, first.begun);
  if (keep && first.begun > 0) await keepBegun(world, wanted, path);
  else await rm(path);
  const second = await tryDraft(world, wanted, path);
  if (second.here === second.there) return second.there;
  await rm(path);
  throw new FetchError(
    `its bytes changed on the way, twice: SHA-256 is ${second.here} here and ${second.there} on the node`,
  );
}

/** Goes on with what was begun. @returns its bytes before, and the checksums here and there */
async function tryDraft(world: FetchWorld, wanted: WantedFile, path: string) {
  const draft = await openDraft(path, wanted.bytes);
  try {
    const begun = draft.size();
    await mustHaveRoom(path, wanted.bytes - begun);
    world.onBytes(begun, false);
    const there = await receive(world, wanted, draft);
    return { begun, here: draft.sha256(), there };
  } finally {
    await draft.sync().finally(() => draft.close());
  }
}

/** It may be all that is left of a file that the node has no more. */
async function keepBegun({ onKept }: FetchWorld, { folder, name, target }: WantedFile, path: string) {
  const aside = await freeNameBeside(target);
  await rename(path, aside);
  onKept(`${folder}/${name}`, basename(aside));
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
