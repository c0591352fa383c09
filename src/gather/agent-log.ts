import { createWriteStream } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { errorOfAnswer } from "../kubernetes/kubernetes-error.ts";
import { type Transport, WATCH_LIMITS } from "../kubernetes/transport.ts";
import { type AgentPod, agentRestarts } from "./cluster-facts.ts";
import type { NodeLayout } from "./layout.ts";

export interface LogWish {
  namespace: string;
  pod: AgentPod;
  layout: NodeLayout;
  /** Milliseconds since 1970. */
  since: number | undefined;
  signal: AbortSignal;
}

/**
 * Writes the agent's log, and that of the one before where it was started again.
 * @throws KubernetesError, or the error of the connection or of the disk
 */
export async function writeAgentLogs(transport: Transport, wish: LogWish): Promise<void> {
  const { pod, layout, since } = wish;
  const query = new URLSearchParams({ container: "agent", timestamps: "true" });
  if (since !== undefined) query.set("sinceTime", new Date(since).toISOString());
  await writeLog(transport, wish, layout.log, query);
  if (agentRestarts(pod) === 0) return;
  query.set("previous", "true");
  await writeLog(transport, wish, layout.previousLog, query);
}

async function writeLog(
  transport: Transport,
  { namespace, pod, signal }: LogWish,
  target: string,
  query: URLSearchParams,
): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o750 });
  const path = `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}/log?${query}`;
  const draft = `${target}.partial`;
  const wish = { method: "GET", path, limits: WATCH_LIMITS, pool: "watches", signal } as const;
  await transport.exchange(wish, async (answer) => {
    const status = answer.statusCode ?? 0;
    if (status !== 200) throw errorOfAnswer("the agent's log", status, await text(answer));
    await pipeline(answer, createWriteStream(draft, { mode: 0o640 }));
  });
  await rename(draft, target);
}
