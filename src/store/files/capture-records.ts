import { join } from "node:path";
import { companionNames } from "../../agent/file-names.ts";
import { planCapture } from "../../api/plan.ts";
import type { PacketCapture } from "../../api/resource.ts";
import { asManifest, type Manifest, readRecord } from "./manifest.ts";
import type { Found } from "./parse-record.ts";

/** Manifest and status of a capture as they are on the disk, each good or with its problem. */
export async function readRecords(
  folder: string,
  prefix: string,
): Promise<{
  manifest: Found<Manifest>;
  status: Found<PacketCapture>;
}> {
  const names = companionNames(prefix);
  const manifest = await readRecord(join(folder, names.manifest));
  const status = await readRecord(join(folder, names.status));
  return {
    manifest: "problem" in manifest ? manifest : withSoundSpec(asManifest(manifest.value)),
    status: "problem" in status ? status : asResource(status.value),
  };
}

/** A spec that cannot be planned was not written by us. */
function withSoundSpec(found: Found<Manifest>): Found<Manifest> {
  if ("problem" in found) return found;
  try {
    planCapture(found.value.capture.spec);
    return found;
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

function asResource(value: unknown): Found<PacketCapture> {
  try {
    const resource = value as PacketCapture;
    planCapture(resource.spec);
    if (typeof resource.metadata.name === "string") return { value: resource };
  } catch {
    // Not a resource: said below.
  }
  return { problem: "it is no PacketCapture" };
}
