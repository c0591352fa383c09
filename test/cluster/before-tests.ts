import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { cacheFolder } from "../kubernetes/binaries/cache-folder.ts";
import { startCluster } from "./cluster.ts";
import { clusterPlace } from "./place.ts";

const MAIN = join(import.meta.dirname, "main.ts");

/** Of the vitest project: one cluster for all its files, taken down also where the tests are killed. */
export async function setup(): Promise<() => Promise<void>> {
  // Who holds the lock has the cluster: another run in this checkout waits until this one has cleaned up.
  const command = [
    "flock",
    join(cacheFolder(), "test-cluster.lock"),
    process.execPath,
    MAIN,
    "--name",
    "test",
  ];
  const [file = "", ...args] = [...command, "down", "--after-input"];
  // Its input ends when this process does.
  const remover = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"], detached: true });
  const removed = once(remover, "exit");
  await once(remover.stdout, "data");
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
