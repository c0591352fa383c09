/** One node, one agent, a real API server, and a day of captures in a few minutes. */
import { setTimeout as pause } from "node:timers/promises";
import { makeOneNode, type OneNode } from "../cluster-api/one-node.ts";
import { processFigures } from "../helpers/process-figures.ts";
import { seededRandom } from "../helpers/seeded-random.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { type ApiServer, startApiServer } from "../kubernetes/api-server.ts";
import { makeNamespace } from "../kubernetes/objects.ts";
import { applyAgentRbac, applyCrd, listCaptures } from "../kubernetes/packet-captures.ts";
import { sendFrames } from "../traffic/frame-traffic.ts";
import { judgeFlat, type Verdict } from "./flat.ts";
import { createLives } from "./lives.ts";
import { FIGURES, foldersOf, type Sample, sample } from "./samples.ts";

export interface Day {
  samples: Sample[];
  verdicts: Verdict[];
  counts: Record<string, number>;
  expired: number;
  complaints: string[];
}

const SEED = 20_261_128;
const HOURS = 24;
/** Milliseconds between two turns, and between two samples at least. */
const LOOK = 500;
const SAMPLE = 1000;
const MOST_SAMPLES = 600;
/** Milliseconds between two new captures. */
const CAPTURE_EVERY = 350;
const PACKETS_A_SECOND = 400;

/**
 * The times of a capture's life are shortened by the factor that makes a day of `minutes`: files are kept for an hour of
 * it, Events for two. What is not: a capture takes a second, and the agent's and the API server's own clocks go on as
 * they do.
 */
export async function runDay(minutes: number, say: (line: string) => void): Promise<Day> {
  const hour = (minutes * 60) / HOURS;
  const seconds = (hours: number) => Math.max(1, Math.round(hour * hours));
  const server = await startApiServer({
    "event-ttl": `${seconds(2)}s`,
    "lease-reuse-duration-seconds": String(Math.min(60, seconds(1))),
  });
  let node: OneNode | undefined;
  try {
    await applyCrd(server);
    await makeNamespace(server.admin, "pcapper");
    await applyAgentRbac(server);
    node = await makeOneNode(server);
    await node.start({ DELETE_OLDER_THAN: `${seconds(1)}s`, CAPTURE_BUFFER: "1Mi", MAX_CAPTURES: "50" });
    return await live(server, node, { minutes, hour, say });
  } finally {
    await node?.close();
    await server.stop();
  }
}

interface Plan {
  minutes: number;
  /** Real seconds of a simulated one. */
  hour: number;
  say(line: string): void;
}

async function live(server: ApiServer, node: OneNode, { minutes, hour, say }: Plan): Promise<Day> {
  const idle = processFigures(node.agent().pid);
  const traffic = sendAllDay(node, minutes * 60);
  // Longer than their files are kept, and than it takes the agent to look for old ones.
  const long = (1.5 * hour + 6) * 1000;
  const lives = createLives(node, seededRandom(SEED), {
    every: CAPTURE_EVERY,
    short: (hour * 1000) / 4,
    long,
  });
  const samples: Sample[] = [];
  const begin = Date.now();
  const sampleEvery = Math.max(SAMPLE, (minutes * 60_000) / MOST_SAMPLES);
  for (let due = begin; Date.now() - begin < minutes * 60_000; ) {
    const captures = await listCaptures(server.admin, "pcapper");
    await lives.turn(captures);
    if (Date.now() >= due) {
      samples.push(await sample(server, node, captures.length));
      due += sampleEvery;
      if (samples.length % 60 === 0) say(JSON.stringify(samples.at(-1)));
    }
    await pause(LOOK);
  }
  const complaints = [...(await whatIsLeft(server, node, idle)), ...lives.complaints()];
  await traffic;
  const verdicts = Object.entries(FIGURES).map(([key, figure]) =>
    judgeFlat(
      figure,
      samples.map((each) => each[key as keyof Sample]),
    ),
  );
  return { samples, verdicts, counts: lives.counts(), expired: lives.expired(), complaints };
}

/** The packets that all captures see. */
async function sendAllDay({ link }: OneNode, seconds: number): Promise<void> {
  const count = PACKETS_A_SECOND * seconds;
  await sendFrames(link, { kind: "flows", first: 0, count, length: 200, rate: PACKETS_A_SECOND });
}

/** Connections to the API server are kept for a while, and threads of libuv come when they are needed. */
const SPARE = { descriptors: 2, sockets: 16, threads: 6 };

/** When all captures are deleted nothing is. */
async function whatIsLeft(
  server: ApiServer,
  node: OneNode,
  idle: ReturnType<typeof processFigures>,
): Promise<string[]> {
  for (const { metadata } of await listCaptures(server.admin, "pcapper")) await node.remove(metadata.name);
  const found: string[] = [];
  await waitUntil("all folders are gone", () => foldersOf(node) === 0, 60).catch(() => {
    found.push(`${foldersOf(node)} folders are left of deleted captures`);
  });
  const figures = processFigures(node.agent().pid);
  for (const name of ["descriptors", "sockets", "threads"] as const) {
    if (figures[name] > idle[name] + SPARE[name])
      found.push(`${figures[name]} ${name}, ${idle[name]} at first`);
  }
  const log = node.agent().log();
  if (/"level":"(?:error|fatal)"/.test(log))
    found.push(`the agent's log has errors: ${log.match(/.*"level":"(?:error|fatal)".*/)?.[0]}`);
  return found;
}
