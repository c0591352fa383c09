// Loaded by `--import`: BLOCK_AFTER milliseconds from now nothing in JavaScript runs for BLOCK_FOR milliseconds.
// Writes `{"from","to"}` (milliseconds since 1970) to BLOCK_REPORT afterwards.
import { writeFileSync } from "node:fs";

const { BLOCK_AFTER, BLOCK_FOR, BLOCK_REPORT } = process.env;

setTimeout(() => {
  const from = Date.now();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(BLOCK_FOR));
  writeFileSync(BLOCK_REPORT, JSON.stringify({ from, to: Date.now() }));
}, Number(BLOCK_AFTER)).unref();
