import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { startCluster } from "./cluster.ts";
import { clusterPlace } from "./place.ts";

const MAIN = join(import.meta.dirname, "main.ts");

/** Of the vitest project: one cluster for all its files, taken down also where the tests are killed. */
export async function setup(): Promise<() => Promise<void>> {
  const command = [MAIN, "--name", "test", "down", "--after-input"];
  // Its input ends when this process does.
  const remover = spawn(process.execPath, command, { stdio: ["pipe", "ignore", "inherit"], detached: true });
  const removed = once(remover, "exit");
  remover.unref();
  const remove = async (): Promise<void> => {
    remover.stdin.end();
    await removed;
  };
  try {
    await startCluster(clusterPlace("test"), (line) => console.log(`cluster: ${line}`));
  } catch (error) {
    await remove();
    throw error;
  }
  return remove;
}
