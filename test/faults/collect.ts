/** Everything that can be seen of a scenario when it is over, as the judges want it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { eventsOf } from "./events-of.ts";
import { leftoversOf, manifestsOf, packetFilesOf, seenManifest } from "./folder-of.ts";
import type { Life } from "./lives.ts";
import type { CaptureSeen } from "./oracle/observation.ts";
import { readFiles } from "./read-files.ts";
import type { Sampler } from "./sample.ts";
import type { Site } from "./site.ts";
import type { CaptureWatch } from "./watch-captures.ts";

export async function collectCapture(
  { server, hostmount, strangers }: Pick<Site, "server" | "hostmount" | "strangers">,
  life: Life,
  watch: CaptureWatch,
  sampler: Sampler,
): Promise<CaptureSeen> {
  const { planned, uid, spec, createdAt, stopAskedAt, deletedAt } = life;
  const folder = join(hostmount.path, planned.name);
  const found = manifestsOf(folder, uid);
  const newest = found.at(-1);
  const names = newest === undefined ? [] : packetFilesOf(folder, newest.prefix, strangers.paths());
  const { files = [], current } = newest?.manifest ?? {};
  const lengths = [...files, ...(current === undefined ? [] : [current])].map(
    ({ name, bytes }) => [name, bytes] as const,
  );
  const { files: kept, complaints } = await readFiles(folder, names, new Map(lengths));
  if (found.length > 1) complaints.push(`it has ${found.length} manifests: it ran again`);
  // Of a deleted capture nothing should be there at all: that is looked at on its own.
  const isDeleted = deletedAt !== undefined;
  if (isDeleted && existsSync(folder) && newest !== undefined)
    complaints.push("it was deleted, and has files");
  return {
    name: planned.name,
    uid,
    stream: planned.stream,
    filtered: planned.spec.captureFilter !== undefined,
    spec,
    createdAt,
    ...(stopAskedAt === undefined ? {} : { stopAskedAt }),
    ...(deletedAt === undefined ? {} : { deletedAt }),
    history: watch.history(uid),
    events: await eventsOf(server.admin, planned.name, uid),
    ...(newest === undefined ? {} : { manifest: seenManifest(newest) }),
    files: kept,
    complaints,
    leftovers: newest === undefined || isDeleted ? [] : leftoversOf(folder, newest.prefix),
    samples: sampler.samples(uid),
  };
}
