/** Follows all captures of the namespace at the API server itself, and remembers every status it saw. */
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { parse } from "yaml";
import type { PacketCaptureStatus } from "../../src/api/resource.ts";
import type { ApiServer } from "../kubernetes/api-server.ts";
import { capturesPath, type StoredCapture } from "../kubernetes/packet-captures.ts";
import type { SeenStatus } from "./oracle/observation.ts";

export interface CaptureWatch {
  /** By uid. */
  history(uid: string): SeenStatus[];
  close(): Promise<void>;
}

const NAMESPACE = "pcapper";
/** Milliseconds until it is tried again, for example while the API server is away. */
const AGAIN = 200;

interface Credentials {
  clusters: { cluster: { "certificate-authority-data": string } }[];
  users: { user: { token: string } }[];
}

export function watchCaptures(server: ApiServer): CaptureWatch {
  const { clusters, users } = parse(server.adminKubeconfig.text) as Credentials;
  const ca = Buffer.from(clusters[0]?.cluster["certificate-authority-data"] ?? "", "base64");
  const agent = new Agent({ ca });
  const headers = { authorization: `Bearer ${users[0]?.user.token}`, accept: "application/json" };
  const stop = new AbortController();
  const histories = new Map<string, SeenStatus[]>();

  const note = (uid: string, status: PacketCaptureStatus | undefined): void => {
    const seen = histories.get(uid) ?? [];
    histories.set(uid, seen);
    if (JSON.stringify(seen.at(-1)?.status) !== JSON.stringify(status) || seen.length === 0)
      seen.push({ at: Date.now(), status });
  };

  const get = (query: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const url = `${server.address}${capturesPath(NAMESPACE)}${query}`;
      request(url, { agent, headers, signal: stop.signal }).on("response", resolve).on("error", reject).end();
    });

  const list = async (): Promise<string> => {
    const answer = await get("");
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    if (answer.statusCode !== 200) throw new Error(`the list was answered by ${answer.statusCode}`);
    const found = JSON.parse(Buffer.concat(chunks).toString()) as {
      metadata: { resourceVersion: string };
      items: StoredCapture[];
    };
    for (const { metadata, status } of found.items) note(metadata.uid, status ?? {});
    const there = new Set(found.items.map(({ metadata }) => metadata.uid));
    for (const uid of histories.keys()) if (!there.has(uid)) note(uid, undefined);
    return found.metadata.resourceVersion;
  };

  const follow = async (): Promise<void> => {
    const version = await list();
    const answer = await get(`?watch=true&resourceVersion=${version}`);
    for await (const line of createInterface({ input: answer })) {
      const { type, object } = JSON.parse(line) as { type: string; object: StoredCapture };
      if (type === "ERROR") return;
      note(object.metadata.uid, type === "DELETED" ? undefined : (object.status ?? {}));
    }
  };

  const following = (async () => {
    while (!stop.signal.aborted) {
      // Whatever it was, the next list tells what is there.
      await follow().catch(() => undefined);
      if (!stop.signal.aborted) await pause(AGAIN);
    }
  })();
  return {
    history: (uid) => histories.get(uid) ?? [],
    close: async () => {
      stop.abort();
      agent.destroy();
      await following;
    },
  };
}
