import { lstat, rename } from "node:fs/promises";
import { hashOfFile } from "./draft.ts";

/**
 * What is here under a name and is not the beginning of the file that shall have it is kept beside it: it may be all
 * that is left of it anywhere. @returns its name then; undefined where nothing of it would be lost
 */
export async function keepOther(target: string, fresh: string): Promise<string | undefined> {
  const [{ size: before }, { size: now }] = await Promise.all([lstat(target), lstat(fresh)]);
  const isBeginning =
    before <= now && (await hashOfFile(target, before)) === (await hashOfFile(fresh, before));
  if (isBeginning) return undefined;
  const aside = await freeNameBeside(target);
  await rename(target, aside);
  return aside;
}

/** A name for what shall be kept of a file. */
export async function freeNameBeside(path: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? `${path}.earlier` : `${path}.earlier-${number}`;
    const taken = await lstat(name).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (taken === undefined) return name;
  }
}

export function keptSentence(path: string, kept: string): string {
  return `${path} was here, and not as the node has it: what was here is kept as ${kept}`;
}
