/**
 * The only importer of the addon, and its whole surface. What runs on which thread is said in
 * DESIGN.md; nothing here blocks the JavaScript thread longer than a system call or two.
 */
import { createRequire } from "node:module";

/** Counters of one capture. Exact; 64-bit in the engine, and safe as numbers up to 2^53. */
export interface Statistics {
  packets: number;
  /** Bytes of packet data kept (captured lengths), without file and record headers. */
  bytes: number;
  /** Files that hold packets now, the one being written included. */
  files: number;
  filesRemoved: number;
  /** Packets in the files that were removed; packets = in files + packetsRemoved. */
  packetsRemoved: number;
  droppedByKernel: number;
  droppedByInterface: number;
  droppedOnWrite: number;
}

/** Of a capture that has begun nothing. */
export const NO_PACKETS: Statistics = {
  packets: 0,
  bytes: 0,
  files: 0,
  filesRemoved: 0,
  packetsRemoved: 0,
  droppedByKernel: 0,
  droppedByInterface: 0,
  droppedOnWrite: 0,
};

/** What was really opened. */
export interface OpenedInterface {
  name: string;
  /** 0 for `any`. */
  index: number;
  /** libpcap's name of the link type: EN10MB, LINUX_SLL, RAW, … */
  linkType: string;
}

export interface CaptureEnd {
  /** A word of the reason catalogue (src/errors.ts). */
  reason: string;
  /** A sentence with the error's own text; empty where there is nothing to add. */
  message: string;
}

export type CaptureState = "opening" | "running" | "closing" | "ended";

/** A consistent copy of what the engine knows, made at each change of state and on request. */
export interface CaptureReport {
  state: CaptureState;
  /** Present once the handle is open. */
  interface?: OpenedInterface;
  /** Warnings of libpcap, in its own words. */
  warnings: string[];
  statistics: Statistics;
  /** Path of the file being written (it ends in `.part`), or of the last one. */
  currentFile: string;
  /** Bytes on disk of this capture's files. */
  bytesOnDisk: number;
  /** Milliseconds since 1970; 0 = not yet. */
  startTime: number;
  /** Of a capture that goes on: when its last gap was over. */
  resumedTime: number;
  endTime: number;
  /** Present in state `ended`. */
  end?: CaptureEnd;
}

/** A file in the manifest of a capture. */
export interface CapturedFile {
  /** File name without folder. */
  name: string;
  number: number;
  packets: number;
  /** Size of the file. */
  bytes: number;
  /** RFC 3339 with nanoseconds; empty where there is no packet. */
  firstTimestamp: string;
  lastTimestamp: string;
}

/** What an earlier process left of the same capture: its files, recovered, and its counts. */
export interface EarlierLife {
  /** RFC 3339 with nanoseconds, as in the manifest. */
  startTime: string;
  /** The same moment in seconds of CLOCK_MONOTONIC; 0 where the machine was started since, or nobody knows. */
  monotonicStart: number;
  /** Above every number that was ever used. */
  nextNumber: number;
  /** Whole files that are there, oldest first. */
  files: CapturedFile[];
  statistics: Statistics;
  /** RFC 3339 with nanoseconds: the newest packet in a file that was removed; empty = there is none. */
  removedThrough: string;
  /** JSON array text: the times in which nothing was captured, but for the last one. */
  gaps: string;
  /** RFC 3339: since when nothing has been captured. The engine writes that gap when it captures again. */
  gapFrom: string;
}

/** The larger of both; 0 = nothing. */
export interface MinFreeDisk {
  bytes: number;
  /** Of the whole file system. */
  percent: number;
  /** The limit for people: `20 GB`, `10 %`. */
  text: string;
}

export interface CaptureOptions {
  /** Path of a mounted network namespace (as in /run/netns); empty = this process's own. */
  networkNamespace: string;
  /**
   * `DEV:INO` of that namespace, as stat(2) has them: one that has taken its name since is not captured on but
   * ends as PodNetworkNotFound. Empty = whichever it is.
   */
  namespaceId: string;
  /** A name `if_nametoindex` knows, or `any`. */
  interfaceName: string;
  /** pcap-filter(7) expression; empty = all packets. */
  filter: string;
  snapLength: number;
  promiscuous: boolean;
  /** Size of the kernel's ring, in bytes. */
  ringBytes: number;
  /** Seconds until the end, from the moment the filter is in place. */
  captureSeconds: number;
  /** Stop after that many packets; 0 = no such limit. */
  packetCount: number;
  /** Existing folder for the files. */
  folder: string;
  /** `NODE.NAME.EPOCH`: files are `PREFIX.NNNNN.pcap`, the manifest is `PREFIX.json`. */
  filePrefix: string;
  /** Bytes; no file is ever larger. */
  maxFileSize: number;
  fileCount: number;
  /** Bytes a second written at most; 0 = no limit. */
  maxWriteRate: number;
  /** What must stay free on the disk of `folder`: with less, looked at each second, it ends as DiskPressure. */
  minFreeDisk: MinFreeDisk;
  /** JSON object text put under `capture` in the manifest: cluster, namespace, name, uid, spec, target, node. */
  manifestHead: string;
  /**
   * What becomes of it when the process ends without a word, by an error of ours too: suspended, for the next
   * process to go on, or else ended as Interrupted.
   */
  suspendAtExit: boolean;
  /** Where the capture goes on in the same ring; absent for a new one. */
  earlier?: EarlierLife;
}

export interface NativeCapture {
  /** Ends the capture: no more in, drain, count, close. Only the first call counts. Never blocks. */
  stop(reason: string, message: string): void;
  /**
   * Closes the files whole and leaves the manifest unfinished, for the next process to go on. The end's
   * reason is `Suspended`, a word between engine and agent that no status ever has.
   */
  suspend(): void;
  report(): CaptureReport;
}

export interface RecoveredFile {
  packets: number;
  /** Size of the file after it was cut to its last whole packet. */
  bytes: number;
  /** Bytes that were cut off. */
  cutBytes: number;
  /** RFC 3339 with nanoseconds, as in the manifest; empty where there is no packet. */
  firstTimestamp: string;
  lastTimestamp: string;
}

export interface CompiledFilter {
  instructions: number;
}

/** An advisory lock (flock); released by `release` or with the process. */
export interface FileLock {
  release(): void;
}

export interface FileSystemRoom {
  /** Bytes left to ordinary users (f_bavail), as df shows. */
  free: number;
  /** Bytes of the whole file system. */
  size: number;
  freeInodes: number;
}

/** An interface of a network namespace, as it is at the moment of asking. */
export interface NamespaceInterface {
  name: string;
  index: number;
  up: boolean;
  loopback: boolean;
  /** IPv4 and IPv6, as inet_ntop(3) writes them: no prefix length, no zone. */
  addresses: string[];
}

/** An error of the engine: `code` is a word of the reason catalogue (src/errors.ts). */
export interface NativeError extends Error {
  code: string;
}

export interface Native {
  /** libpcap's own version sentence. */
  libpcapVersion(): string;
  /** 0 where there is no such interface on this node. */
  interfaceIndex(name: string): number;
  /**
   * All interfaces of a network namespace and their addresses, asked for on a thread that enters it.
   * `networkNamespace` is the path of a mount of it, or "" for this process's own.
   * @throws NativeError PodNetworkNotFound, PermissionDenied (entering takes CAP_SYS_ADMIN), CaptureError
   */
  interfacesIn(networkNamespace: string): Promise<NamespaceInterface[]>;
  /**
   * Compiles off the JavaScript thread. `linkType` is libpcap's name.
   * @throws NativeError InvalidFilter with libpcap's own words, or where names in it are not answered for 10 s
   */
  compileFilter(expression: string, linkType: string, snapLength: number): Promise<CompiledFilter>;
  /**
   * Opens interface, options, ring and filter as a capture would, and closes them again.
   * @throws NativeError InterfaceNotFound, InterfaceDown, PermissionDenied, InvalidFilter, CaptureError
   */
  tryOpen(
    options: Pick<
      CaptureOptions,
      "networkNamespace" | "interfaceName" | "filter" | "snapLength" | "promiscuous"
    >,
  ): Promise<OpenedInterface>;
  /**
   * Starts a capture on a thread of its own. `onChange` is called on the JavaScript thread after a
   * change of state, file or counters, merged to at most one call in flight; the last one has state
   * `ended`. A failure to open is an `ended` report too.
   * @throws TypeError, RangeError for options that are none; NativeError CaptureError, NotEnoughMemory where
   * there is no thread or descriptor left
   */
  startCapture(options: CaptureOptions, onChange: (report: CaptureReport) => void): NativeCapture;
  /**
   * Repairs a file that a crash left: cut to the last whole packet, synced, and renamed without its
   * `.part`. A `.part` without a single packet is removed (packets 0). A file that is already
   * whole and has no `.part` is only counted.
   * `known`: what a manifest vouches for that was written since the machine started; it is not read again.
   * @throws NativeError WriteError, DiskFull
   */
  recoverFile(path: string, known?: CapturedFile): Promise<RecoveredFile>;
  /** @returns the lock, or null where another process holds it. Creates the file if need be. */
  tryLock(path: string): FileLock | null;
  fileSystemRoom(path: string): FileSystemRoom;
}

const require = createRequire(import.meta.url);

/** The addon lies beside the bundle in `dist/`, and in `build/Release/` while developing. */
export function loadNative(): Native {
  try {
    return require("./pcapper.node") as Native;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    return require("../../build/Release/pcapper.node") as Native;
  }
}
