import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { atLatestAtExit } from "../helpers/end-with-test.ts";
import { dyingWithTest } from "../helpers/execute.ts";
import type { NetworkNamespace } from "../helpers/network-namespace.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import type { ApiServer } from "../kubernetes/api-server.ts";

/** An agent as the DaemonSet would run it: its own token, its own node, its own hostmount. */
export interface AgentProcess {
  pid: number;
  kill(signal: NodeJS.Signals): void;
  ended: Promise<number | null>;
  /** Resolves when it works, or waits for another agent's lock. @throws Error where it ended */
  works(): Promise<void>;
  /** What it has logged so far. */
  log(): string;
}

export interface AgentOptions {
  node: string;
  hostmount: string;
  namespace: Pick<NetworkNamespace, "inside">;
  netnsFolder?: string;
  cniCacheFolder?: string;
  env?: Record<string, string>;
}

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");

/** Resolves when it works, or waits for another agent's lock. */
export async function startAgentProcess(server: ApiServer, options: AgentOptions): Promise<AgentProcess> {
  const agent = await beginAgentProcess(server, options);
  await agent.works();
  return agent;
}

export async function beginAgentProcess(server: ApiServer, options: AgentOptions): Promise<AgentProcess> {
  const { node, hostmount, namespace, netnsFolder = "/nowhere", cniCacheFolder = "/nowhere" } = options;
  const kubeconfig = await server.serviceAccountKubeconfig("pcapper", "pcapper-agent");
  const folders = ["--hostmount", hostmount, "--host-path", "/var/pcapper"];
  const places = ["--netns-folder", netnsFolder, "--cni-cache-folder", cniCacheFolder];
  const command = namespace.inside([LAUNCHER, "agent", ...folders, ...places]);
  const child = spawn("setpriv", dyingWithTest(command), {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      KUBECONFIG: kubeconfig.path,
      NODE_NAME: node,
      MIN_FREE_DISK: "1M",
      HTTP_ADDRESS: "127.0.0.1:9476",
      ...options.env,
    },
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("cannot start the agent");
  const kill = atLatestAtExit(() => child.kill("SIGKILL"));
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log += text;
  });
  let gone = false;
  const ended = once(child, "close").then(([code]: unknown[]) => {
    gone = true;
    kill();
    return code as number | null;
  });
  const works = async (): Promise<void> => {
    await waitUntil(`the agent of ${node} works`, () => {
      if (gone) throw new Error(`the agent ended: ${log}`);
      return log.includes("Working for node") || log.includes("holds the lock");
    });
  };
  return { pid, kill: (signal) => void child.kill(signal), ended, works, log: () => log };
}
