import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";

/** What may stand where a lock file is expected, and how to make it. */
export const NOT_A_LOCK: [string, (path: string) => void][] = [
  ["a FIFO", (path) => void execFileSync("mkfifo", [path])],
  ["a folder", (path) => void mkdirSync(path)],
  ["a symbolic link", (path) => symlinkSync("/dev/zero", path)],
  [
    "a sparse file of 1 GiB",
    (path) => {
      writeFileSync(path, "mine");
      truncateSync(path, 2 ** 30);
    },
  ],
];
