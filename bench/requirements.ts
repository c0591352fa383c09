import { existsSync } from "node:fs";
import { mkdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Options } from "./options.ts";
import { roomNeeded } from "./rounds.ts";
import type { Scenario } from "./scenarios.ts";
import { root } from "./toolbox.ts";

/** @returns why the bench cannot run, in one sentence; undefined where it can */
export async function whatIsMissing(options: Options, selected: Scenario[]): Promise<string | undefined> {
  if (process.getuid?.() !== 0)
    return "the bench makes network namespaces and needs root: sudo npm run bench";
  const built = ["bin/pcapper", "dist/pcapper.mjs"].every((file) => existsSync(join(root, file)));
  const wanted = options.peers.some((writer) => writer.startsWith("pcapper"));
  if (wanted && !built) return "dist/pcapper.mjs is missing: npm run build makes it";
  await mkdir(options.folder, { recursive: true });
  const { bavail, bsize } = await statfs(options.folder);
  const needed = roomNeeded(selected);
  if (bavail * bsize >= needed) return undefined;
  return `${options.folder} has ${Math.floor((bavail * bsize) / 1e9)} GB free, ${Math.ceil(needed / 1e9)} GB are needed`;
}
