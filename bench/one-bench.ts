import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { outFolder } from "./toolbox.ts";
import { atExit } from "./undo.ts";

const path = join(outFolder, "bench.pid");

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return otherwise;
  }
}

/**
 * Two benches at a time would measure each other. The mark is removed at the end; that of a bench that was killed
 * does not count.
 * @returns the process id of a bench that runs already; undefined where this one is alone
 */
export function claimTheBench(): string | undefined {
  mkdirSync(outFolder, { recursive: true });
  const other = readOr(path, "");
  if (other !== "" && /bench\/(agent\/)?main\.ts/.test(readOr(`/proc/${other}/cmdline`, ""))) return other;
  writeFileSync(path, String(process.pid));
  atExit(() => rmSync(path, { force: true }));
  return undefined;
}
