/** Plain data: what is written to bench/out/agent.json and read by the tables. */
import type { Machine } from "../machine.ts";

/** Milliseconds after the request that creates the capture was sent. */
export interface LatencySample {
  /** The engine's own word: from then on nothing that passes is missed. */
  ringOpen: number;
  /** A watcher of the API server has heard `running`. */
  running: number;
  /** Timestamp of the earliest packet that is in the file. */
  firstPacket: number;
  /** A reader of the file on the node sees the first packets. */
  readable: number;
  /** After `stop: true` was sent, until a watcher has heard `finished`. */
  stopped: number;
}

/** What the API server has counted; all for `captures` of them together. */
export interface RequestCost {
  agents: number;
  captures: number;
  /** `claimed`: captured for two seconds; `unmatched`: names a node that is not there. */
  kind: "claimed" | "unmatched";
  statusWrites: number;
  /** Status writes that came too late: somebody else had written. */
  statusConflicts: number;
  events: number;
  /** Events that were there already. */
  eventsAgain: number;
  /** Reads of one object. */
  reads: number;
  lists: number;
  /** Watch events sent to all agents. */
  watchEvents: number;
}

export interface WatchTraffic {
  captures: number;
  seconds: number;
  /** Status updates that the API server told somebody who watches all captures. */
  updatesOfOthers: number;
  /** What an idle agent was sent meanwhile, bookmarks left out: kind of event and of watch → how many. */
  whileRunning: Record<string, number>;
  /** And from the creation of the captures to their end. */
  inAll: Record<string, number>;
}

/** MiB */
export interface Memory {
  rss: number;
  anonymous: number;
}

export interface MemorySample {
  when: string;
  owner: Memory;
  idle: Memory;
}

export interface AgentResults {
  time: string;
  machine: Machine;
  smoke: boolean;
  latency: LatencySample[];
  watch?: WatchTraffic;
  requests: RequestCost[];
  /** Of all agents together at the largest count: RSS, and what they do not share (PSS). */
  processes?: { agents: number; rssMib: number; pssMib: number };
  memory: MemorySample[];
  /** What is not as it must be, whatever the speed. */
  wrong: string[];
}
