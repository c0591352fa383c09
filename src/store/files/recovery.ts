import { readdirSync } from "node:fs";
import type { Native } from "../../capture/native.ts";
import { recoverCapture } from "./recover-capture.ts";
import type { Say } from "./repair-files.ts";
import { foldersIn, lockFiles } from "./running-captures.ts";

/**
 * Repairs captures whose process died, found by the lock files they left: cheap enough for every start.
 * @returns how many were repaired
 */
export async function recoverDead(native: Native, output: string, say: Say): Promise<number> {
  let repaired = 0;
  for (const { folder, prefix } of lockFiles(output)) {
    if (await recoverCapture(native, folder, prefix, say)) repaired += 1;
  }
  return repaired;
}

/** Looks at every manifest and status below `output`. @returns how many captures were repaired */
export async function recoverAll(native: Native, output: string, say: Say): Promise<number> {
  let repaired = 0;
  for (const folder of foldersIn(output)) {
    for (const prefix of prefixesIn(folder)) {
      if (await recoverCapture(native, folder, prefix, say)) repaired += 1;
    }
  }
  return repaired;
}

/** Prefixes of all captures that left a manifest, a status or a lock. */
function prefixesIn(folder: string): string[] {
  const found = readdirSync(folder).flatMap((name) => {
    const match = /^\.(.+)\.lock$/.exec(name) ?? /^([^.].*?)(?:\.status)?\.json$/.exec(name);
    return match?.[1] === undefined ? [] : [match[1]];
  });
  return [...new Set(found)].sort();
}
