import { globSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { judge } from "../helpers/judges.ts";
import { readManifest } from "../helpers/manifest.ts";
import type { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import type { ApiServer } from "../kubernetes/api-server.ts";
import { listEvents, makeNode } from "../kubernetes/objects.ts";
import {
  createCapture,
  deleteCapture,
  patchCapture,
  readCapture,
  type StoredCapture,
} from "../kubernetes/packet-captures.ts";
import { sendFrames } from "../traffic/frame-traffic.ts";
import { type AgentNode, makeAgentNode } from "./agent-node.ts";
import { untilProgress } from "./capture-progress.ts";

const NODE = "worker-01";

/** An agent's node, its captures, and what they have on its disk. */
export interface OneNode extends Omit<AgentNode, "name" | "remove"> {
  create(name: string, spec?: Record<string, unknown>): Promise<StoredCapture>;
  remove(name: string): Promise<void>;
  stop(name: string): Promise<unknown>;
  read(name: string): Promise<StoredCapture>;
  until(name: string, progress: string, seconds?: number): Promise<StoredCapture>;
  /** Packet files, whole or being written. */
  files(name: string): string[];
  /** What a capture leaves only while it runs. */
  temporary(name: string): string[];
  /** As three readers agree on it. */
  packets(name: string): Promise<number>;
  /** As the newest manifest publishes it. */
  published(name: string): number;
  /** How often the newest manifest says that nothing was captured for a while. */
  gaps(name: string): number;
  /** @returns how many were sent to this node so far: the last one's number is one less */
  send(count: number): Promise<number>;
  /** Waits for `count` Events of the capture. @returns their reasons, sorted */
  events(name: string, count: number): Promise<string[]>;
  close(): Promise<void>;
}

const SPEC = {
  targetNode: NODE,
  targetInterface: "near0",
  captureSeconds: "600",
  maxFileSize: "10M",
  fileCount: "3",
};

/** @param folder where its hostmount is made; it is removed at the end */
export async function makeOneNode(server: ApiServer, folder?: TemporaryFolder): Promise<OneNode> {
  await makeNode(server.admin, NODE);
  const { remove: close, ...node } = await makeAgentNode(server, NODE, folder);
  const { hostmount, link } = node;
  const read = (name: string) => readCapture(server.admin, "pcapper", name);
  const files = (name: string) => globSync(join(hostmount, name, "*.[0-9]*.pcap{,.part}")).sort();
  const manifestOf = (name: string) =>
    globSync(join(hostmount, name, "*.json"))
      .filter((path) => !path.endsWith(".status.json"))
      .sort()
      .at(-1);
  let sent = 0;
  return {
    ...node,
    create: (name, spec = {}) => createCapture(server.admin, "pcapper", name, { ...SPEC, ...spec }),
    remove: (name) => deleteCapture(server.admin, "pcapper", name),
    stop: (name) => patchCapture(server.admin, "pcapper", name, { spec: { stop: true } }),
    read,
    until: (name, progress, seconds) => untilProgress(server, name, progress, seconds),
    files,
    temporary: (name) =>
      namesIn(join(hostmount, name)).filter((file) => file.startsWith(".") || file.endsWith(".part")),
    packets: async (name) =>
      (await Promise.all(files(name).map(judge))).reduce((sum, { records }) => sum + records.length, 0),
    published: (name) => {
      const path = manifestOf(name);
      return path === undefined ? 0 : readManifest(path).statistics.packets;
    },
    gaps: (name) => {
      const path = manifestOf(name);
      return path === undefined ? 0 : (readManifest(path).gaps ?? []).length;
    },
    send: async (count) => {
      await sendFrames(link, { kind: "udp4", first: sent, count, length: 100, rate: 20_000 });
      sent += count;
      return sent;
    },
    events: async (name, count) => {
      const found = await waitUntil(`${count} Events of ${name}`, async () => {
        const all = await listEvents(server.admin, "pcapper", name);
        return all.length >= count ? all : undefined;
      });
      return found.map(({ reason }) => reason).sort();
    },
    close,
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
