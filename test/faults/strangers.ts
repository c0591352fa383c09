import { mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Files of nobody we know, put among ours to see whether they are left alone. */
export interface Strangers {
  add(path: string): void;
  paths(): string[];
  look(): { path: string; touched: boolean }[];
}

export function watchStrangers(): Strangers {
  const contents = new Map<string, string>();
  return {
    add: (path) => {
      if (contents.has(path)) return;
      const text = `nobody's ${path}`;
      try {
        writeWithFolder(path, text);
        contents.set(path, text);
      } catch (error) {
        // Another fault has filled the disk.
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      }
    },
    paths: () => [...contents.keys()],
    look: () => [...contents].map(([path, text]) => ({ path, touched: read(path) !== text })),
  };
}

/** All or nothing: a folder that was made for a file that finds no room is nobody's. */
function writeWithFolder(path: string, text: string): void {
  const folder = dirname(path);
  const made = mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(path, text, { flag: "wx" });
  } catch (error) {
    // It may have been begun.
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") rmSync(path, { force: true });
    if (made !== undefined) rmdirSync(folder);
    throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
