import { lstatSync } from "node:fs";

/**
 * Why no capture is written to `folder`: whoever could put a link in its place, or owns it, would choose
 * what is overwritten. undefined where it is safe, or not there yet.
 */
export function unsafeFolder(folder: string): string | undefined {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (found.isSymbolicLink()) return "it is a symbolic link, and files are never written through one";
  if (!found.isDirectory()) return "it is not a folder";
  if (found.uid === 0 || found.uid === process.geteuid?.()) return undefined;
  return `it belongs to user ${found.uid}, and a folder of this user or of root is expected`;
}
