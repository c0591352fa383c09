import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Selection } from "../export/selection.ts";
import { type ChosenCapture, chooseFiles, type Job } from "./choose-files.ts";
import { type EndOf, endedByResource } from "./ended-captures.ts";
import type { ConnectionLost, ExportTransport } from "./export-transport.ts";
import { FetchError } from "./fetch-error.ts";
import { type FetchedFile, type FetchWorld, fetchFile } from "./fetch-file.ts";
import { keptSentence } from "./keep-other.ts";
import type { NodeLayout } from "./layout.ts";
import { listNode } from "./node-list.ts";
import type { Patience } from "./patience.ts";
import type { NodeResult } from "./results.ts";
import { writeWhole } from "./write-records.ts";

/** What people see while it goes on. */
export interface NodeWatcher {
  /** The node has said what it has. */
  expect(files: number, bytes: number): void;
  /** So many bytes more are here, received just now or found; less than 0 where some have to be fetched again. */
  bytes(more: number, received: boolean): void;
  fetched(file: string, fetched: FetchedFile): void;
  warn(sentence: string): void;
  /** Nothing more will come of the node. */
  gaveUp(sentence: string): void;
}

export interface NodeWish {
  node: string;
  names: readonly string[];
  selection: Selection;
  layout: NodeLayout;
}

export interface NodeWorld {
  transport: ExportTransport;
  patience: Patience;
  signal: AbortSignal;
  endOf: EndOf;
  watcher: NodeWatcher;
}

/** Fetches what is wanted of one node, a file at a time. Never throws: what went wrong is in the result. */
export async function gatherNode(world: NodeWorld, wish: NodeWish): Promise<NodeResult> {
  const { transport, patience, signal, endOf, watcher } = world;
  const result: NodeResult = { node: wish.node, captures: [], leftOut: [], notes: [], problems: [] };
  const onLost = ({ message }: ConnectionLost): void => watcher.warn(`lost, trying again: ${message}`);
  const onKept = (file: string, kept: string): void => void result.notes.push(keptSentence(file, kept));
  try {
    const look = () => listNode(transport, wish.names, patience, signal, onLost);
    const list = await endedByResource(await look(), endOf, look, signal);
    const { captures, jobs, leftOut } = chooseFiles(list.captures, wish.selection);
    result.problems.push(...list.problems);
    result.leftOut = leftOut;
    result.captures = captures.map((chosen) => chosen.result);
    watcher.expect(
      jobs.length,
      jobs.reduce((sum, { file }) => sum + file.bytes, 0),
    );
    for (const chosen of captures) await writeManifest(chosen, wish.layout);
    await fetchAll(
      { transport, patience, signal, session: randomUUID(), onBytes: watcher.bytes, onLost, onKept },
      jobs,
      { layout: wish.layout, watcher },
    );
  } catch (error) {
    result.problems.push(sentenceOf(error));
    watcher.gaveUp(sentenceOf(error));
  }
  return result;
}

async function fetchAll(
  world: FetchWorld,
  jobs: readonly Job[],
  { layout, watcher }: { layout: NodeLayout; watcher: NodeWatcher },
): Promise<void> {
  for (const [index, job] of jobs.entries()) {
    const { capture, file, result } = job;
    const path = `${capture.folder}/${file.name}`;
    try {
      const fetched = await fetchJob(world, job, layout);
      watcher.fetched(path, fetched);
    } catch (error) {
      if (capture.running && error instanceof FetchError && error.missing) {
        result.removedMeanwhile.push(file.name);
        continue;
      }
      result.problems.push(`${file.name} was not fetched: ${sentenceOf(error)}`);
      watcher.warn(`${path} was not fetched: ${sentenceOf(error)}`);
      if (isOfThisFile(error)) continue;
      // The others would end the same, each after the same patience.
      for (const other of jobs.slice(index + 1)) {
        other.result.problems.push(`${other.file.name} was not fetched: the node was given up before`);
      }
      watcher.gaveUp(sentenceOf(error));
      return;
    }
  }
}

/** A node that is gone, or that refuses, has nothing else to give; a bad file or a full disk here says little. */
function isOfThisFile(error: unknown): boolean {
  return error instanceof FetchError || (error instanceof Error && "errno" in error);
}

async function fetchJob(world: FetchWorld, job: Job, layout: NodeLayout): Promise<FetchedFile> {
  const { folder } = job.capture;
  const { name, bytes } = job.file;
  const home = layout.capture(folder);
  await mkdir(home, { recursive: true, mode: 0o750 });
  const appendOnly = !job.isManifest;
  const fetched = await fetchFile(world, { folder, name, bytes, appendOnly, target: join(home, name) });
  if (job.isManifest) job.result.manifest = "whole";
  else job.result.files.push({ name, bytes, sha256: fetched.sha256 });
  return fetched;
}

/** On the node the manifest of a running capture changes every second: this is the one that the lengths are from. */
async function writeManifest({ capture, result }: ChosenCapture, layout: NodeLayout): Promise<void> {
  const { folder, prefix, manifest, manifestFile } = capture;
  if (manifest === undefined || manifestFile !== undefined) return;
  const name = `${prefix}.json`;
  try {
    await writeWhole(join(layout.capture(folder), name), `${JSON.stringify(manifest)}\n`);
    result.manifest = "whole";
  } catch (error) {
    result.problems.push(`${name} was not written: ${sentenceOf(error)}`);
  }
}

export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
