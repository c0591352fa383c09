import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { namesOnDisk } from "./names.ts";

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** Open: what is looked up below it is looked up in this very folder, whatever becomes of its name. */
export interface HeldFolder {
  path: string;
  close(): void;
}

/** An open plain file; whoever has it closes it. */
export interface HeldFile {
  fd: number;
  size: number;
  /** Milliseconds since 1970. */
  modified: number;
}

/** Why something is not given out: half a sentence, for after its name. */
export interface Refusal {
  refused: string;
  missing: boolean;
}

/** A folder of the hostmount, not through a symbolic link. `folder` is one path component. */
export function holdFolder(hostmount: string, folder: string): HeldFolder | Refusal {
  let mount: number | undefined;
  try {
    mount = openSync(hostmount, O_RDONLY | O_DIRECTORY);
    const fd = openSync(`/proc/self/fd/${mount}/${folder}`, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    return { path: `/proc/self/fd/${fd}`, close: () => closeSync(fd) };
  } catch (error) {
    return refusal(error, "is no folder, or a symbolic link to one");
  } finally {
    if (mount !== undefined) closeSync(mount);
  }
}

/** A file under `name`, or under the one it has while it is written. `name` is one path component. */
export function holdFile(folder: HeldFolder, name: string): HeldFile | Refusal {
  // Twice: between the two looks it may have changed its name from one to the other.
  const names = [...namesOnDisk(name), ...namesOnDisk(name)];
  let answer: HeldFile | Refusal = { refused: "is not there", missing: true };
  for (const candidate of names) {
    answer = holdExactly(folder, candidate);
    if (!("refused" in answer) || !answer.missing) return answer;
  }
  return answer;
}

function holdExactly({ path }: HeldFolder, name: string): HeldFile | Refusal {
  let fd: number;
  try {
    // A FIFO must not keep anybody waiting.
    fd = openSync(`${path}/${name}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    return refusal(error, "is a symbolic link, and none is followed");
  }
  const found = fstatSync(fd);
  if (found.isFile()) return { fd, size: found.size, modified: found.mtimeMs };
  closeSync(fd);
  return { refused: "is not a plain file", missing: false };
}

function refusal(error: unknown, aLink: string): Refusal {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return { refused: "is not there", missing: true };
  if (code === "ELOOP" || code === "ENOTDIR") return { refused: aLink, missing: false };
  return { refused: `cannot be opened: ${message}`, missing: false };
}
