import { lstat, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { stringify } from "yaml";
import type { ClusterFacts } from "./cluster-facts.ts";
import { freeNameBeside } from "./keep-other.ts";
import type { Layout } from "./layout.ts";

/** Resources and Events, as `kubectl get --output yaml` has them. */
export async function writeClusterRecords(
  layout: Layout,
  { captures, events }: Pick<ClusterFacts, "captures" | "events">,
): Promise<void> {
  await writeRecord(layout.captures, listText(captures));
  await writeRecord(
    layout.events,
    listText(events.map((event) => ({ apiVersion: "v1", kind: "Event", ...event }))),
  );
}

/** What an earlier gather wrote there is kept beside it, unless it is the same: its resources may be gone by now. */
export async function writeRecord(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  await writeFile(`${path}.partial`, text, { mode: 0o640 });
  if (!(await hasText(path, text))) await setAside(path);
  await rename(`${path}.partial`, path);
}

async function hasText(path: string, text: string): Promise<boolean> {
  return (await readFile(path, "utf8").catch(() => undefined)) === text;
}

/** Gives a file another name, where it is there. @throws Error where it is no plain file */
export async function setAside(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isFile()) throw new Error(`${path} is not a plain file`);
  await rename(path, await freeNameBeside(path));
}

/** A reader sees the old or the new file, never a part. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o750 });
  await writeFile(`${path}.partial`, text, { mode: 0o640 });
  await rename(`${path}.partial`, path);
}

function listText(items: readonly object[]): string {
  return stringify({ apiVersion: "v1", kind: "List", items }, { lineWidth: 0 });
}
