import { globSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Link, makeLink } from "../helpers/link.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import type { ApiServer } from "../kubernetes/api-server.ts";
import { listCaptures, type StoredCapture } from "../kubernetes/packet-captures.ts";
import { type Reach, reachFrom } from "../kubernetes/reach-from.ts";
import { type AgentProcess, startAgentProcess } from "./agent-process.ts";

/** A node as an agent sees it: an interface `near0`, a hostmount, a way to the API server; the agent may come and go. */
export interface AgentNode {
  name: string;
  link: Link;
  reach: Reach;
  hostmount: string;
  /** @throws Error where none has been started */
  agent(): AgentProcess;
  start(env?: Record<string, string>): Promise<void>;
  /** @returns its exit code */
  end(signal: NodeJS.Signals): Promise<number | null>;
  remove(): Promise<void>;
}

/** @param folder where its hostmount is made; it is removed at the end */
export async function makeAgentNode(
  server: ApiServer,
  name: string,
  folder = makeTemporaryFolder(),
): Promise<AgentNode> {
  const hostmount = join(folder.path, "hostmount");
  mkdirSync(hostmount);
  const link = await makeLink();
  const reach = await reachFrom(server, link.near);
  let current: AgentProcess | undefined;
  const agent = (): AgentProcess => {
    if (current === undefined) throw new Error(`node ${name} has no agent`);
    return current;
  };
  return {
    name,
    link,
    reach,
    hostmount,
    agent,
    start: async (env = {}) => {
      current = await startAgentProcess(server, { node: name, hostmount, namespace: link.near, env });
    },
    end: (signal) => {
      agent().kill(signal);
      return agent().ended;
    },
    remove: async () => {
      current?.kill("SIGKILL");
      await current?.ended;
      await reach.stop();
      link.remove();
      folder.remove();
    },
  };
}

/** Uids of the captures that have a manifest on this node: one entry a manifest. */
export function capturedOn({ hostmount }: AgentNode): string[] {
  return globSync(join(hostmount, "*/*.json")).map((path) => {
    const manifest = JSON.parse(readFileSync(path, "utf8")) as { capture: { uid: string } };
    return manifest.capture.uid;
  });
}

const LIST_EVERY_MS = 100;

/** Waits until all `names` have ended. A list, not one read a capture: the API server has others to serve. */
export async function allEnded(
  server: ApiServer,
  names: readonly string[],
  seconds: number,
): Promise<StoredCapture[]> {
  const wanted = new Set(names);
  const waiting = async (): Promise<StoredCapture[] | undefined> => {
    const all = await listCaptures(server.admin, "pcapper");
    const ours = all.filter(({ metadata }) => wanted.has(metadata.name));
    const open = ours.filter(({ status }) => !["finished", "failure"].includes(status?.progress ?? ""));
    lastOpen = open.map(({ metadata, status }) => `${metadata.name} ${JSON.stringify(status)}`);
    if (open.length === 0 && ours.length === wanted.size) return ours;
    await pause(LIST_EVERY_MS);
    return undefined;
  };
  let lastOpen: string[] = [];
  return waitUntil("all captures have ended", waiting, seconds).catch((error: Error) => {
    throw new Error(`${error.message}: ${lastOpen.join("\n")}`);
  });
}
