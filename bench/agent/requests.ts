import { freemem } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { isFinal } from "../../src/agent/progress.ts";
import { waitUntil } from "../../test/helpers/wait-until.ts";
import { createCapture, deleteCapture } from "../../test/kubernetes/packet-captures.ts";
import { memoryOf, proportionalMemoryOf } from "./process-memory.ts";
import { openWatches, readMetrics, requestCounts, sentEvents, sumOf } from "./request-counts.ts";
import type { AgentResults, RequestCost } from "./results.ts";
import type { Site } from "./site.ts";

/** Seconds; shorter than by default, or most of the bench would be waiting. */
const TARGET_WAIT = 20;
/** What agents add to it at most, and some time on a busy machine. */
const ANSWER_TIME = 45;
const AT_A_TIME = 10;
const STARTS_AT_A_TIME = 4;
/** What an agent needs of its own, with a wide margin. */
const BYTES_PER_AGENT = 70 * 2 ** 20;
const SHARE_UNMATCHED = 0.2;
/** Milliseconds: each is answered by itself. */
const UNMATCHED_EVERY = 2000;

/** Requests a capture, with more and more agents on one API server. Two of the nodes have the captures. */
export async function measureRequests(
  site: Site,
  { agents, captures }: { agents: number[]; captures: number },
  results: AgentResults,
  say: (line: string) => void,
): Promise<void> {
  for (const count of agents) {
    const missing = count - site.agents.length;
    if (freemem() < missing * BYTES_PER_AGENT) {
      results.wrong.push(`${count} agents: this machine has too little memory for them`);
      return;
    }
    say(`${count} agents start`);
    await startAgents(site, count);
    results.requests.push(await costOf(site, "claimed", captures));
    const few = Math.max(2, Math.round(captures * SHARE_UNMATCHED));
    results.requests.push(await costOf(site, "unmatched", few));
    say(`requests with ${count} agents: ${JSON.stringify(results.requests.slice(-2))}`);
    const pids = site.agents.map(({ process }) => process.pid);
    results.processes = {
      agents: count,
      rssMib: sum(pids.map((pid) => memoryOf(pid).rss)),
      pssMib: sum(pids.map(proportionalMemoryOf)),
    };
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

async function startAgents(site: Site, count: number): Promise<void> {
  while (site.agents.length < count) {
    const now = Math.min(STARTS_AT_A_TIME, count - site.agents.length);
    await Promise.all(Array.from({ length: now }, () => site.addAgent({ TARGET_WAIT: `${TARGET_WAIT}s` })));
  }
  // Two each, and the bench's own.
  const wanted = 2 * count + 1;
  await waitUntil(
    `${wanted} watches are open`,
    async () => {
      const isThere = openWatches(await readMetrics(site.server.admin)) >= wanted;
      if (!isThere) await pause(500);
      return isThere;
    },
    120,
  );
}

async function costOf(site: Site, kind: RequestCost["kind"], count: number): Promise<RequestCost> {
  const { admin } = site.server;
  const before = await readMetrics(admin);
  const heard = site.captures.heard();
  await (kind === "claimed" ? captureAll(site, count) : answerAll(site, count));
  const after = await settled(site);
  const difference = (selection: Parameters<typeof sumOf>[1]): number =>
    sumOf(requestCounts(after), selection) - sumOf(requestCounts(before), selection);
  const isStatus = { resource: "packetcaptures/status", verb: "PATCH" };
  const isEvent = { resource: "events", verb: "POST" };
  return {
    agents: site.agents.length,
    captures: count,
    kind,
    statusWrites: difference({ ...isStatus, code: "200" }),
    statusConflicts: difference({ ...isStatus, code: /^(?!200)/ }),
    events: difference({ ...isEvent, code: "201" }),
    eventsAgain: difference({ ...isEvent, code: /^(?!201)/ }),
    reads: difference({ verb: "GET", resource: /^(packetcaptures|nodes|pods)$/ }),
    lists: difference({ verb: "LIST", resource: /^(packetcaptures|pods)$/ }),
    watchEvents: sentEvents(after) - sentEvents(before) - (site.captures.heard() - heard),
  };
}

/** On two nodes in turn, some at a time. */
async function captureAll({ server, captures }: Site, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `claimed-${index}`);
  for (let from = 0; from < count; from += AT_A_TIME) {
    const wave = names.slice(from, from + AT_A_TIME);
    await Promise.all(
      wave.map(async (name, index) => {
        const targetNode = `worker-${1 + (index % 2)}`;
        const spec = { targetNode, targetInterface: "near0", maxFileSize: "1M", fileCount: 1 };
        await createCapture(server.admin, "pcapper", name, { ...spec, captureSeconds: 2 });
        const { capture } = await captures.until(name, ({ status }) => isFinal(status?.progress), 60);
        if (capture.status?.reason !== "TimeElapsed") throw new Error(JSON.stringify(capture.status));
      }),
    );
  }
}

async function answerAll({ server, captures }: Site, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `unmatched-${index}`);
  await Promise.all(
    names.map(async (name, index) => {
      await pause(index * UNMATCHED_EVERY);
      const spec = { targetNode: "no-such-node", targetInterface: "eth0" };
      await createCapture(server.admin, "pcapper", name, spec);
      const wait = TARGET_WAIT + ANSWER_TIME;
      const { capture } = await captures.until(name, ({ status }) => isFinal(status?.progress), wait);
      if (capture.status?.reason !== "TargetNotFound") throw new Error(JSON.stringify(capture.status));
    }),
  );
}

/** The metrics when all Events are told; then the captures are removed, which costs their agents no request. */
async function settled({ server, captures }: Site): Promise<string> {
  const { admin } = server;
  let told = -1;
  const last = await waitUntil(
    "all Events are told",
    async () => {
      const metrics = await readMetrics(admin);
      const now = sumOf(requestCounts(metrics), { resource: "events", verb: "POST" });
      if (now === told) return metrics;
      told = now;
      await pause(3000);
      return undefined;
    },
    120,
  );
  for (const { metadata } of captures.ended()) await deleteCapture(admin, "pcapper", metadata.name);
  await waitUntil("they are gone", () => captures.count() === 0);
  await pause(3000);
  return last;
}
