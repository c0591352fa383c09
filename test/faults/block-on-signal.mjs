// Loaded by `--import`: at SIGUSR2 nothing in JavaScript runs for so many milliseconds as the file BLOCK_FOR says.
import { readFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const { BLOCK_FOR = "" } = process.env;

if (isMainThread) {
  process.on("SIGUSR2", () => {
    const milliseconds = Number(readFileSync(BLOCK_FOR, "utf8"));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  });
}
