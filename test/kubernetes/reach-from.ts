import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { NetworkNamespace } from "../helpers/network-namespace.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import type { ApiServer } from "./api-server.ts";
import { startChild } from "./child.ts";

/** The way from one network namespace to the API server. */
export interface Reach {
  /** SIGSTOP: connections stay open and say nothing more, until SIGCONT. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
  /** Cuts every connection; from then on none is accepted. */
  stop(): Promise<void>;
}

const FORWARD = join(import.meta.dirname, "forward.ts");

/**
 * Makes the API server answer inside a network namespace at the same address as outside, so that one
 * kubeconfig is good for both. No route leads out of the namespace: a Unix socket does.
 */
export async function reachFrom(server: ApiServer, namespace: NetworkNamespace): Promise<Reach> {
  const { port } = new URL(server.address);
  const folder = makeTemporaryFolder();
  const socket = join(folder.path, "api.sock");
  const forward = (...ends: string[]): string[] => [process.execPath, FORWARD, ...ends];
  const log = join(folder.path, "forward.log");
  const outside = startChild(forward(socket, port), log);
  const inside = startChild(namespace.inside(forward(port, socket)), log);
  const stop = async (): Promise<void> => {
    inside.kill("SIGCONT");
    await Promise.all([inside.stop(), outside.stop()]);
    folder.remove();
  };
  const ready = (): boolean => {
    if (!inside.alive() || !outside.alive())
      throw new Error(`no way to the API server: ${inside.lastWords()}`);
    return existsSync(socket) && listens(inside.pid, Number(port));
  };
  try {
    await waitUntil("the API server is reached from the namespace", ready);
  } catch (error) {
    await stop();
    throw error;
  }
  return { signal: (signal) => inside.kill(signal), stop };
}

/** Whether a process of the network namespace of `pid` listens on the port, as /proc/PID/net/tcp has it. */
function listens(pid: number, port: number): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 0A`;
  return readFileSync(`/proc/${pid}/net/tcp`, "utf8").includes(local);
}
