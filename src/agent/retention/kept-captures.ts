import { readdirSync } from "node:fs";
import { join } from "node:path";
import { claimedEpoch } from "../../store/files/claimed-epoch.ts";
import { asManifest, type Manifest, readRecord } from "../../store/files/manifest.ts";
import { foldersIn } from "../../store/files/running-captures.ts";

/** Files of a capture on the hostmount, by its manifest. */
export interface KeptCapture {
  folder: string;
  prefix: string;
  /** When it was claimed, API server's time, ms since 1970: the EPOCH of its name. */
  epoch: number;
  manifest: Manifest;
}

/**
 * The captures of this cluster that have a whole manifest, those of one uid together. What has none is nobody's
 * to remove.
 */
export async function* keptCaptures(hostmount: string, cluster: string): AsyncGenerator<KeptCapture[]> {
  for (const folder of foldersIn(hostmount)) {
    const byUid = new Map<string, KeptCapture[]>();
    for (const prefix of manifestPrefixes(folder)) {
      const kept = await keptCapture(folder, prefix);
      const { uid, cluster: owner } = kept?.manifest.capture ?? {};
      if (kept === undefined || uid === undefined || owner !== cluster) continue;
      byUid.set(uid, [...(byUid.get(uid) ?? []), kept]);
    }
    yield* byUid.values();
  }
}

async function keptCapture(folder: string, prefix: string): Promise<KeptCapture | undefined> {
  const record = await readRecord(join(folder, `${prefix}.json`));
  const found = "problem" in record ? record : asManifest(record.value);
  if ("problem" in found) return undefined;
  const epoch = claimedEpoch(folder, prefix, found.value);
  return epoch === undefined ? undefined : { folder, prefix, epoch: epoch * 1000, manifest: found.value };
}

function manifestPrefixes(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".json") && !name.endsWith(".status.json") && !name.startsWith("."))
      .map((name) => name.slice(0, -".json".length));
  } catch {
    // Gone since it was listed.
    return [];
  }
}
