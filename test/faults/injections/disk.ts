import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Inject } from "./inject.ts";

export const diskFull: Inject = async ({ site }) => site.hostmount.fill();

export const noInodes: Inject = async ({ site }) => site.hostmount.useUpInodes();

/** Somebody removes the file that is being written. */
export const filesRemoved: Inject = async ({ site, nameOf }, fault) => {
  const folder = join(site.hostmount.path, nameOf(fault));
  for (const name of namesIn(folder)) if (name.endsWith(".part")) rmSync(join(folder, name), { force: true });
  return () => undefined;
};

/** Somebody removes the newest whole file, while others are still written: of a capture that is over nobody could tell. */
export const wholeFilesRemoved: Inject = async ({ site, nameOf, removed }, fault) => {
  const folder = join(site.hostmount.path, nameOf(fault));
  const names = namesIn(folder).sort();
  const newest = names.findLast((name) => name.endsWith(".pcap") && !name.startsWith("."));
  const isRunning = names.some((name) => name.endsWith(".part"));
  if (newest === undefined || !isRunning || site.strangers.paths().includes(join(folder, newest)))
    return () => undefined;
  removed(newest);
  rmSync(join(folder, newest), { force: true });
  return () => undefined;
};

/** Names that look like ours and are not. */
export const foreignFiles: Inject = async ({ site, nameOf }, fault) => {
  const name = nameOf(fault);
  const folder = join(site.hostmount.path, name);
  const manifest = namesIn(folder).find((file) => file.endsWith(".json") && !file.startsWith("."));
  const prefix = manifest?.replace(/\.json$/, "") ?? `${site.node}.${name}.1700000000`;
  const ours = manifest === undefined ? [] : [`${prefix}.99999.pcap`, `${prefix}.notes`];
  for (const file of ["notes.pcap", ".git.lock", ...ours]) site.strangers.add(join(folder, file));
  site.strangers.add(
    join(site.hostmount.path, "stranger", `${site.node}.stranger.1700000000.00001.pcap.part`),
  );
  return () => undefined;
};

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
