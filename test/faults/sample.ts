/** Looks at the folders of captures while they run, as somebody who lists and reads them would. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { readPcap } from "../helpers/pcap-reader.ts";
import { manifestsOf, packetFilesOf, sizeOf } from "./folder-of.ts";
import type { Life } from "./lives.ts";
import type { FolderSample } from "./oracle/observation.ts";
import type { Site } from "./site.ts";

export interface Sampler {
  /** By uid. */
  samples(uid: string): FolderSample[];
  /** Names of folders that belong to captures of another node. */
  ofOthers(): string[];
  stop(): Promise<void>;
}

/** Milliseconds. */
const EVERY = 250;
/** Names that scenarios give to captures. */
const CAPTURE = /^seed-\d+-\d+$/;

/** @param own names of this node's captures */
export function startSampler(
  { hostmount, strangers }: Site,
  lives: () => readonly Life[],
  own: readonly string[],
): Sampler {
  const samples = new Map<string, FolderSample[]>();
  const ofOthers = new Set<string>();
  let stopped = false;
  const looking = (async () => {
    while (!stopped) {
      for (const { uid, planned } of lives()) {
        const sample = look(join(hostmount.path, planned.name), uid, strangers.paths());
        if (sample !== undefined) samples.set(uid, [...(samples.get(uid) ?? []), sample]);
      }
      for (const name of readdirSync(hostmount.path))
        if (CAPTURE.test(name) && !own.includes(name)) ofOthers.add(name);
      await pause(EVERY);
    }
  })();
  return {
    samples: (uid) => samples.get(uid) ?? [],
    ofOthers: () => [...ofOthers],
    stop: async () => {
      stopped = true;
      await looking;
    },
  };
}

function look(folder: string, uid: string, strangers: readonly string[]): FolderSample | undefined {
  const [found] = manifestsOf(folder, uid);
  if (found === undefined) return undefined;
  const files = packetFilesOf(folder, found.prefix, strangers).flatMap((name) => {
    const bytes = sizeOf(join(folder, name));
    return bytes === undefined ? [] : [{ name, bytes }];
  });
  const complaint = readAsPublished(folder, found.manifest.current);
  return { at: Date.now(), files, ...(complaint === undefined ? {} : { complaint }) };
}

/** The file being written, as far as the manifest says that it may be trusted. */
function readAsPublished(
  folder: string,
  current: { name: string; bytes: number; packets: number } | undefined,
): string | undefined {
  if (current === undefined) return undefined;
  const path = [current.name, current.name.replace(/\.part$/, "")]
    .map((name) => join(folder, name))
    .find((candidate) => existsSync(candidate));
  // The ring may have taken it since.
  if (path === undefined) return undefined;
  try {
    const { records } = readPcap(path, current.bytes);
    if (records.length === current.packets) return undefined;
    return `${current.name} has ${records.length} packets in its first ${current.bytes} bytes, ${current.packets} are published`;
  } catch (error) {
    return existsSync(path) ? (error as Error).message : undefined;
  }
}
