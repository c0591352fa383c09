import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { atLatestAtExit } from "../helpers/end-with-test.ts";
import { dyingWithTest } from "../helpers/execute.ts";

/**
 * Keeps captures of a node from being let in, as another process does that is deciding on the limits: what is
 * claimed stays `scheduled`. An agent waits for 30 s. @returns a function that lets them in
 */
export function holdStarts(hostmount: string): Promise<() => Promise<void>> {
  return holdLock(join(hostmount, ".pcapper.lock"));
}

/** Another process has this lock. @returns a function that lets it go */
export async function holdLock(path: string): Promise<() => Promise<void>> {
  const lock = ["flock", "--no-fork", path, "sh", "-c", "echo held; exec sleep 60"];
  const child = spawn("setpriv", dyingWithTest(lock), { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const release = atLatestAtExit(() => child.kill("SIGKILL"));
  await Promise.race([once(child.stdout, "data"), ended]);
  return async () => {
    release();
    await ended;
  };
}
