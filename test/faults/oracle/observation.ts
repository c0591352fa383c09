/**
 * What was seen of a scenario from outside, as plain data: what was sent and when, what the API server
 * showed, what lay on the disk. The judges know nothing else.
 */
import type { PacketCaptureSpec, PacketCaptureStatus } from "../../../src/api/resource.ts";
import type { FaultKind } from "../scenario.ts";

/** Milliseconds since 1970, of this machine's clock. */
export type Moment = number;

export interface Interval {
  from: Moment;
  to: Moment;
}

/** Packets numbered from `first` that went out between two looks at the clock. */
export interface Batch extends Interval {
  first: number;
  count: number;
}

/** A fault as it really was. */
export interface Injection extends Interval {
  kind: FaultKind;
  /** When it had surely been done: it may have had to wait for the API server. Absent: at its beginning. */
  doneAt?: Moment;
  /** When undoing it began, which was over at its end. */
  undoneFrom?: Moment;
  /** Name of the capture it was aimed at; absent = all of the node. */
  capture?: string;
  /** Names of whole files that somebody removed. */
  removedFiles?: string[];
}

export interface SeenStatus {
  at: Moment;
  /** undefined: the capture was gone. */
  status: PacketCaptureStatus | undefined;
}

export interface SeenEvent {
  reason: string;
  type: string;
  message: string;
  /** How often the API server has it. */
  count: number;
}

export interface KeptPacket {
  number: number;
  /** Its timestamp in the file. */
  at: Moment;
}

export interface KeptFile {
  name: string;
  bytes: number;
  packets: KeptPacket[];
}

/** The numbers a manifest tells. */
export interface Told {
  packets: number;
  bytes: number;
  files: number;
  filesRemoved: number;
  dropped: number;
}

export interface SeenManifest {
  startTime: Moment;
  endTime?: Moment;
  reason?: string;
  gaps: Interval[];
  removedPackets: number;
  statistics: Told;
  files: { name: string; packets: number; bytes: number }[];
}

/** A folder as it was at one moment while its capture ran. */
export interface FolderSample {
  at: Moment;
  files: { name: string; bytes: number }[];
  /** What a reader met who read as far as the manifest allows. */
  complaint?: string;
}

export interface CaptureSeen {
  name: string;
  uid: string;
  /** Name of the stream of packets that its target sees. */
  stream: string;
  /** Only what matches was asked for. */
  filtered: boolean;
  spec: PacketCaptureSpec;
  createdAt: Moment;
  /** When `stop: true` was accepted. */
  stopAskedAt?: Moment;
  /** When the API server had deleted it. */
  deletedAt?: Moment;
  history: SeenStatus[];
  events: SeenEvent[];
  manifest?: SeenManifest;
  /** In the order of their numbers. */
  files: KeptFile[];
  /** What no reader should meet: a broken file, a changed packet. */
  complaints: string[];
  /** Names in its folder that only a running capture has. */
  leftovers: string[];
  samples: FolderSample[];
}

/** The agent's process at rest, before its first capture and after the last one. */
export interface ProcessFigures {
  /** Without sockets. */
  descriptors: number;
  threads: number;
  sockets: number;
  residentKilobytes: number;
}

/** What was seen of one node. */
export interface Observation {
  node: string;
  /** What passed each interface. */
  sent: Record<string, Batch[]>;
  captures: CaptureSeen[];
  injections: Injection[];
  /** When the agent was there to be asked: everything else is a time without one. */
  agentAway: Interval[];
  /** Files of nobody we know: what became of them. */
  strangers: { path: string; touched: boolean }[];
  /** Names of captures of other nodes that had a folder in its hostmount. */
  ofOthers: string[];
  /** Folders and files in the hostmount when every capture had been deleted. */
  leftInHostmount: string[];
  /** What agents said last that ended by themselves. */
  deaths: string[];
  /** What a sanitizer has said; nothing where none was built in. */
  sanitizer: string[];
  /** undefined where the process is not the one it was at the beginning. */
  process?: { before: ProcessFigures; after: ProcessFigures };
  /** When the observer stopped waiting. */
  endedAt: Moment;
}

/** What a judge objects to. `lost`: packets that are in no file and no report. */
export interface Finding {
  rule: string;
  kind: "lost" | "untrue";
  capture: string;
  text: string;
  packets?: number;
}
