import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text, { flag: "wx" });
        contents.set(path, text);
      } catch (error) {
        // Another fault has filled the disk: what was begun is nobody's file.
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
        rmSync(path, { force: true });
      }
    },
    paths: () => [...contents.keys()],
    look: () => [...contents].map(([path, text]) => ({ path, touched: read(path) !== text })),
  };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
