/** The agent's tables of docs/performance.md. Pure. */
import { table } from "../markdown.ts";
import { percentile } from "./percentile.ts";
import type { AgentResults, LatencySample, MemorySample, RequestCost, WatchTraffic } from "./results.ts";

const LATENCIES: [keyof LatencySample, string][] = [
  ["ringOpen", "apply → the ring is open: nothing that passes is missed any more"],
  ["firstPacket", "apply → first packet that is in the file"],
  ["running", "apply → a watcher hears `running`"],
  ["readable", "apply → the first packets can be read in the file on the node"],
  ["stopped", "`stop: true` → a watcher hears `finished`, counters exact"],
];

const milliseconds = (value: number): string => value.toFixed(value < 100 ? 1 : 0);

function latencySection(samples: LatencySample[]): string[] {
  if (samples.length === 0) return [];
  const rows = LATENCIES.map(([field, title]) => {
    const all = samples.map((sample) => sample[field]);
    return [title, ...[0.5, 0.95, 1].map((share) => milliseconds(percentile(all, share)))];
  });
  return [
    `### From apply to capture: ${samples.length} captures, ms`,
    table(["", "p50", "p95", "longest"], rows),
  ];
}

/** Of one capture. */
const each = (count: number, { captures }: RequestCost): string => (count / captures).toFixed(2);

function requestSection(requests: RequestCost[]): string[] {
  if (requests.length === 0) return [];
  const heads = [
    "agents",
    "captures",
    "status writes",
    "too late",
    "Events",
    "said already",
    "writes in all",
  ];
  const rows = requests.map((cost) => [
    `${cost.agents}, ${cost.kind}`,
    String(cost.captures),
    each(cost.statusWrites, cost),
    each(cost.statusConflicts, cost),
    each(cost.events, cost),
    each(cost.eventsAgain, cost),
    each(cost.statusWrites + cost.statusConflicts + cost.events + cost.eventsAgain, cost),
    each(cost.reads, cost),
    (cost.watchEvents / cost.captures / cost.agents).toFixed(2),
  ]);
  return [
    "### Requests for each capture, by how many agents there are",
    table([...heads, "reads", "watch events for each agent"], rows),
  ];
}

function processSentence({ processes }: AgentResults): string[] {
  if (processes === undefined) return [];
  const { agents, rssMib, pssMib } = processes;
  const one = (mebibytes: number): string => (mebibytes / agents).toFixed(0);
  return [
    `Each of these ${agents} agents: ${one(rssMib)} MiB RSS, of which ${one(pssMib)} MiB are left where what they share is divided among them (PSS).`,
  ];
}

const listed = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([what, count]) => `${count} × \`${what.trim()}\``)
    .join(", ") || "nothing";

function watchSection(watch: WatchTraffic | undefined): string[] {
  if (watch === undefined) return [];
  const { captures, seconds, updatesOfOthers, whileRunning, inAll } = watch;
  return [
    "### What an idle agent hears of another node's captures",
    `${captures} captures ran for ${seconds} s with traffic; their statuses changed ${updatesOfOthers} times. Meanwhile the idle agent was sent: ${listed(whileRunning)}. From their creation to their end: ${listed(inAll)}.`,
  ];
}

function memorySection(samples: MemorySample[]): string[] {
  if (samples.length === 0) return [];
  const rows = samples.map(({ when, owner, idle }) => [
    when,
    ...[owner.rss, owner.anonymous, idle.rss, idle.anonymous].map((value) => value.toFixed(0)),
  ]);
  const heads = ["PacketCaptures", "their agent: RSS", "RssAnon", "an idle agent: RSS", "RssAnon"];
  return ["### Memory of an agent, MiB", table(heads, rows)];
}

export function agentTables(results: AgentResults): string {
  const { machine, time, smoke, wrong } = results;
  const { cpu, cpus, memoryGib, kernel, fileSystem, load } = machine;
  const sections = [
    `${time.slice(0, 10)}: ${cpus} × ${cpu}, ${memoryGib} GiB, Linux ${kernel}, ${fileSystem}, Node ${process.version}; load at the start ${load.toFixed(2)}.`,
    ...(smoke ? ["A smoke run: everything was tried, nothing measured."] : []),
    ...latencySection(results.latency),
    ...requestSection(results.requests),
    ...processSentence(results),
    ...watchSection(results.watch),
    ...memorySection(results.memory),
    ...wrong.map((problem) => `- **wrong**: ${problem}`),
  ];
  return `${sections.join("\n\n")}\n`;
}
