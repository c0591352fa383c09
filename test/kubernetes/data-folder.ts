import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface DataFolder {
  path: string;
  /** Resolves when it is gone. */
  remove(): Promise<void>;
}

/** Waits for the end of its input, which comes when the test process dies; a server may still write. */
const REMOVER = 'trap "" INT TERM; cat; until rm -rf "$1"; do sleep 0.1; done';

/** A temporary folder that goes with the test process, even where that is killed. */
export function makeDataFolder(): DataFolder {
  const path = mkdtempSync(join(tmpdir(), "pcapper-api-server-"));
  const remover = spawn("sh", ["-c", REMOVER, "sh", path], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  remover.unref();
  const removed = once(remover, "exit");
  const remove = async (): Promise<void> => {
    remover.stdin.end();
    await removed;
  };
  return { path, remove };
}
