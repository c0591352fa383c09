import { createWriteStream } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { basename, dirname } from "node:path";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { byteSizeText } from "../byte-size.ts";
import { errorOfAnswer, KubernetesError } from "../kubernetes/kubernetes-error.ts";
import type { TimeLimits, Transport } from "../kubernetes/transport.ts";
import type { AgentOfNode } from "./agent-of-node.ts";
import { agentRestarts } from "./agent-pods.ts";
import { keepOther } from "./keep-other.ts";
import type { NodeLayout } from "./layout.ts";
import { sizeOf } from "./local-disk.ts";

export interface LogWish {
  namespace: string;
  agent: AgentOfNode;
  layout: NodeLayout;
  /** Milliseconds since 1970. */
  since: number | undefined;
  signal: AbortSignal;
  /** Bytes of one log at most. */
  mostBytes?: number;
}

/** Of one log. A kubelet keeps 10 MB where nothing else is set. */
const MOST_BYTES = 32 * 1024 * 1024;
/** The end of a log is what is wanted: where so many lines are more than the bytes, fewer are asked for. */
const MOST_LINES = [100_000, 10_000, 1_000];

/** A node that does not answer has made people wait before. */
const LIMITS: TimeLimits = { head: 20_000, silence: 30_000, whole: 300_000 };

/**
 * Writes the agent's log, and that of the one before where it was started again, both to their ends.
 * @returns what is not in them, a sentence each
 * @throws KubernetesError, ConnectionLost, ExportRefused, or the error of the connection or of the disk
 */
export async function writeAgentLogs(transport: Transport, wish: LogWish): Promise<string[]> {
  try {
    return await writeLogsOfPod(transport, wish);
  } catch (error) {
    // The pod was replaced since it was looked up.
    if (!(error instanceof KubernetesError && error.status === 404)) throw error;
    wish.agent.forget();
    return writeLogsOfPod(transport, wish);
  }
}

async function writeLogsOfPod(transport: Transport, wish: LogWish): Promise<string[]> {
  const pod = await wish.agent.pod();
  const path = `/api/v1/namespaces/${wish.namespace}/pods/${pod.metadata.name}/log`;
  const query = { container: "agent", timestamps: "true", ...sinceQuery(wish) };
  const notes = await writeLog(transport, wish, wish.layout.log, path, query);
  if (agentRestarts(pod) === 0) return notes;
  const previous = { ...query, previous: "true" };
  return [...notes, ...(await writeLog(transport, wish, wish.layout.previousLog, path, previous))];
}

function sinceQuery({ since }: LogWish): Record<string, string> {
  return since === undefined ? {} : { sinceTime: new Date(since).toISOString() };
}

async function writeLog(
  transport: Transport,
  { signal, mostBytes = MOST_BYTES }: LogWish,
  target: string,
  path: string,
  query: Record<string, string>,
): Promise<string[]> {
  await mkdir(dirname(target), { recursive: true, mode: 0o750 });
  const draft = `${target}.partial`;
  for (const lines of MOST_LINES) {
    // One byte more than we take tells that there are more.
    const bounds = { tailLines: String(lines), limitBytes: String(mostBytes + 1) };
    const asked = `${path}?${new URLSearchParams({ ...query, ...bounds })}`;
    const wish = { method: "GET", path: asked, limits: LIMITS, pool: "watches", signal } as const;
    const seen = await transport.exchange(wish, async (answer) => {
      const status = answer.statusCode ?? 0;
      if (status !== 200) throw errorOfAnswer("the agent's log", status, await text(answer));
      return writeAtMost(answer, draft, mostBytes);
    });
    if (seen.cut && lines !== MOST_LINES.at(-1)) continue;
    const name = basename(target);
    const kept = (await sizeOf(target)) === undefined ? undefined : await keepOther(target, draft);
    await rename(draft, target);
    const notes =
      kept === undefined
        ? []
        : [`${name} does not go on where the one here ended: that is kept as ${basename(kept)}`];
    if (seen.cut)
      return [...notes, `${name} was cut at ${byteSizeText(mostBytes)}: its last lines are longer`];
    return seen.lines < lines
      ? notes
      : [...notes, `${name} has the last ${lines} lines, and older ones are not here`];
  }
  return [];
}

/** To the disk, a piece at a time. */
async function writeAtMost(answer: IncomingMessage, path: string, most: number) {
  const seen = { lines: 0, cut: false };
  async function* bounded() {
    let left = most;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      const taken = chunk.subarray(0, left);
      left -= taken.length;
      for (let at = taken.indexOf(10); at >= 0; at = taken.indexOf(10, at + 1)) seen.lines += 1;
      yield taken;
      seen.cut = taken.length < chunk.length;
      if (seen.cut) return;
    }
  }
  await pipeline(bounded(), createWriteStream(path, { mode: 0o640 }));
  return seen;
}
