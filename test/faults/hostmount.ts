/** Where a node's captures go: a folder of this machine's disk, or a small file system of its own. */
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { atLatestAtExit } from "../helpers/end-with-test.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import type { Scenario } from "./scenario.ts";

export interface Hostmount {
  path: string;
  /** Takes all the room there is. @returns a function that gives it back */
  fill(): () => void;
  /** Takes all inodes. */
  useUpInodes(): () => void;
  remove(): void;
}

const SIZE = "256m";
const INODES = 400;

export function makeHostmount(disk: Scenario["disk"]): Hostmount {
  const folder = makeTemporaryFolder();
  const path = join(folder.path, "hostmount");
  mkdirSync(path);
  const unmount = disk === "folder" ? () => undefined : mount(path);
  let weights = 0;
  const nextBallast = (): string => {
    weights += 1;
    return join(path, `ballast-${weights}`);
  };
  return {
    path,
    fill: () => {
      const ballast = nextBallast();
      writeUntilFull(ballast);
      return () => rmSync(ballast, { force: true });
    },
    useUpInodes: () => {
      const ballast = nextBallast();
      try {
        mkdirSync(ballast);
      } catch {
        // Another fault has taken them.
      }
      for (let left = statfsSync(path).ffree; left > 0; left -= 1) writeOrStop(join(ballast, String(left)));
      return () => rmSync(ballast, { recursive: true, force: true });
    },
    remove: () => {
      unmount();
      folder.remove();
    },
  };
}

function mount(path: string): () => void {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE},nr_inodes=${INODES}`, "tmpfs", path]);
  return atLatestAtExit(() => execFileSync("umount", ["--lazy", path]));
}

function writeUntilFull(path: string): void {
  const file = openOrNothing(path);
  if (file === undefined) return;
  try {
    for (let size = 1 << 20; size >= 512; size >>= 1) while (writes(file, size));
  } finally {
    closeSync(file);
  }
}

/** undefined where another fault has taken the last inode. */
function openOrNothing(path: string): number | undefined {
  try {
    return openSync(path, "w");
  } catch {
    return undefined;
  }
}

function writes(file: number, size: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(size)) === size;
  } catch {
    return false;
  }
}

function writeOrStop(path: string): void {
  try {
    writeFileSync(path, "");
  } catch {
    // Somebody else had the last one.
  }
}
