import type { CaptureSeen, Injection, SeenManifest } from "./observation.ts";

/** Entries of a manifest whose files somebody removed when they were whole: the list says what was in them. */
export function takenFrom(
  { name, manifest, files }: CaptureSeen,
  injections: readonly Injection[],
): SeenManifest["files"] {
  const removed = injections.flatMap(({ capture, removedFiles = [] }) =>
    capture === name ? removedFiles : [],
  );
  const there = new Set(files.map((file) => file.name));
  return (manifest?.files ?? []).filter((file) => removed.includes(file.name) && !there.has(file.name));
}
