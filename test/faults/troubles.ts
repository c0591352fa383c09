/** What has to be prepared before an agent starts, so that some faults can be done to it while it runs. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import { type ClockTrouble, makeClockTrouble } from "./clock-trouble.ts";
import { type DiskTrouble, makeDiskTrouble } from "./disk-trouble.ts";
import { type MemoryGroup, makeMemoryGroup } from "./memory-group.ts";
import type { FaultKind } from "./scenario.ts";

/** Only what the scenario's faults need: absent otherwise. */
export interface Troubles {
  disk?: DiskTrouble;
  clock?: ClockTrouble;
  memory?: MemoryGroup;
  /** Tells for how many ms JavaScript stands still at the next SIGUSR2. */
  blockFor?(milliseconds: number): void;
  env: Record<string, string>;
  /** To be loaded before all others. */
  libraries: string[];
  /** Something by which an agent may end, and be started again as a kubelet does it. @returns what ends it */
  deadly(end: () => void): () => void;
  mayDie(): boolean;
  remove(): Promise<void>;
}

const BLOCK = join(import.meta.dirname, "block-on-signal.mjs");
/** Milliseconds in which an agent may still end of what is over. */
const AFTERWARDS = 5000;

export async function prepareTroubles(
  node: string,
  kinds: readonly FaultKind[],
  hostmount: string,
): Promise<Troubles> {
  const folder = makeTemporaryFolder();
  const control = (name: string) => join(folder.path, name);
  const wants = (...some: FaultKind[]) => kinds.some((kind) => some.includes(kind));
  const disk = wants("disk-slow", "disk-errors", "disk-read-only", "hostmount-gone")
    ? await makeDiskTrouble(control("disk"), hostmount)
    : undefined;
  const clock = wants("clock-ahead", "clock-behind") ? makeClockTrouble(control("clock")) : undefined;
  const memory = wants("memory-tight") ? makeMemoryGroup(`pcapper-${node}`) : undefined;
  let on = 0;
  let lastOver = Number.NEGATIVE_INFINITY;
  return {
    ...(disk === undefined ? {} : { disk }),
    ...(clock === undefined ? {} : { clock }),
    ...(memory === undefined ? {} : { memory }),
    ...(wants("agent-blocked")
      ? { blockFor: (milliseconds: number) => writeFileSync(control("block"), String(milliseconds)) }
      : {}),
    env: {
      ...disk?.env,
      ...clock?.env,
      ...(wants("agent-blocked") ? { NODE_OPTIONS: `--import=${BLOCK}`, BLOCK_FOR: control("block") } : {}),
    },
    libraries: [disk?.library, clock?.library].filter((library) => library !== undefined),
    deadly: (end) => {
      on += 1;
      return () => {
        on -= 1;
        lastOver = performance.now();
        end();
      };
    },
    mayDie: () => on > 0 || performance.now() - lastOver < AFTERWARDS,
    remove: async () => {
      await memory?.remove();
      folder.remove();
    },
  };
}
