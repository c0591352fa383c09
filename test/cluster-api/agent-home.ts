/** What the node of every test has: a hostmount, a way to the API server, and an agent that may come and go. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { NetworkNamespace } from "../helpers/network-namespace.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";
import type { ApiServer } from "../kubernetes/api-server.ts";
import { type Reach, reachFrom } from "../kubernetes/reach-from.ts";
import { type AgentOptions, type AgentProcess, beginAgentProcess } from "./agent-process.ts";

export interface AgentHome {
  hostmount: string;
  reach: Reach;
  /** The one that was begun last. @throws Error where none has been */
  agent(): AgentProcess;
  /** Begins an agent, and does not wait for it. */
  begin(env?: Record<string, string>): Promise<AgentProcess>;
  /** Begins an agent; resolves when it works, or waits for another one's lock. */
  start(env?: Record<string, string>): Promise<void>;
  /** @returns the agent's exit code */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** Ends the agent, and removes the hostmount. */
  remove(): Promise<void>;
}

interface HomeOptions extends Omit<AgentOptions, "hostmount"> {
  /** The node's. */
  network: NetworkNamespace;
  /** Where its hostmount is made. */
  folder?: TemporaryFolder;
}

export async function makeAgentHome(
  server: ApiServer,
  { network, folder = makeTemporaryFolder(), ...place }: HomeOptions,
): Promise<AgentHome> {
  const hostmount = join(folder.path, "hostmount");
  mkdirSync(hostmount);
  const reach = await reachFrom(server, network);
  let current: AgentProcess | undefined;
  const agent = (): AgentProcess => {
    if (current === undefined) throw new Error(`node ${place.node} has no agent`);
    return current;
  };
  const begin: AgentHome["begin"] = async (env = {}) => {
    current = await beginAgentProcess(server, { ...place, hostmount, env: { ...place.env, ...env } });
    return current;
  };
  const end: AgentHome["end"] = (signal) => {
    agent().kill(signal);
    return agent().ended;
  };
  return {
    hostmount,
    reach,
    agent,
    begin,
    start: async (env) => (await begin(env)).works(),
    end,
    remove: async () => {
      if (current !== undefined) await end("SIGKILL");
      await reach.stop();
      folder.remove();
    },
  };
}
