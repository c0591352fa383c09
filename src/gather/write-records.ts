import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { stringify } from "yaml";
import type { ClusterFacts } from "./cluster-facts.ts";
import type { Layout } from "./layout.ts";

/** Resources and Events, as `kubectl get --output yaml` has them. */
export async function writeClusterRecords(
  layout: Layout,
  { captures, events }: Pick<ClusterFacts, "captures" | "events">,
): Promise<void> {
  await writeWhole(layout.captures, listText(captures));
  await writeWhole(
    layout.events,
    listText(events.map((event) => ({ apiVersion: "v1", kind: "Event", ...event }))),
  );
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
