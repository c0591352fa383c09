import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atLatestAtExit } from "./end-with-test.ts";

export interface TemporaryFolder {
  path: string;
  remove(): void;
}

export function makeTemporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), "pcapper-test-"));
  return { path, remove: atLatestAtExit(() => rmSync(path, { recursive: true, force: true })) };
}
