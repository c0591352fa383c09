import { printable } from "./printable.ts";

/** Every word and code that a user may meet, each with what it means. docs/reference-errors.md lists them. */

export interface ReasonEntry {
  progress: "finished" | "failure";
  meaning: string;
}

/** Words of `status.reason` (and of the engine's errors), one per way a capture can end. */
export const REASONS = {
  TimeElapsed: { progress: "finished", meaning: "captureSeconds have passed." },
  Stopped: { progress: "finished", meaning: "The capture was asked to stop; the files are kept." },
  PacketCountReached: { progress: "finished", meaning: "packetCount packets were captured." },
  TargetGone: {
    progress: "finished",
    meaning: "The pod or the interface is gone; what was captured before is kept.",
  },
  InvalidSpec: { progress: "failure", meaning: "The spec contradicts the schema or its rules." },
  InvalidFilter: {
    progress: "failure",
    meaning:
      "libpcap cannot compile captureFilter, a host name in it is not found in time, or it is too long for the kernel.",
  },
  TargetNotFound: { progress: "failure", meaning: "There is no such pod or node." },
  NoAgent: { progress: "failure", meaning: "The target exists, but no agent answers on its node." },
  InterfaceNotFound: { progress: "failure", meaning: "The target has no interface of that name." },
  InterfaceDown: { progress: "failure", meaning: "The interface exists but is down." },
  PodNetworkNotFound: {
    progress: "failure",
    meaning: "The pod's network namespace could not be found on its node.",
  },
  TotalFileSizeExceeded: {
    progress: "failure",
    meaning: "maxFileSize times fileCount, with what is already there, exceeds MAX_TOTAL_FILESIZE.",
  },
  NotEnoughDiskSpace: {
    progress: "failure",
    meaning: "The capture could leave less free disk space than MIN_FREE_DISK.",
  },
  DiskPressure: {
    progress: "failure",
    meaning: "Free disk space fell below MIN_FREE_DISK while capturing; the files are kept.",
  },
  DiskFull: { progress: "failure", meaning: "The disk is full; what was written before is kept." },
  WriteError: {
    progress: "failure",
    meaning: "A file or folder could not be written; what was written before is kept.",
  },
  PermissionDenied: {
    progress: "failure",
    meaning: "The process lacks a right it needs, for example CAP_NET_RAW.",
  },
  CaptureError: {
    progress: "failure",
    meaning: "libpcap or the kernel reported an error, which the message quotes.",
  },
  Interrupted: {
    progress: "failure",
    meaning: "The process that captured ended before the capture did; its files were repaired and kept.",
  },
  AgentLost: {
    progress: "failure",
    meaning: "The agent of the node was gone well past the end of the capture.",
  },
  TooManyCaptures: { progress: "failure", meaning: "MAX_CAPTURES captures are already running on the node." },
  NotEnoughMemory: {
    progress: "failure",
    meaning: "The capture buffers of the node would exceed CAPTURE_MEMORY.",
  },
} as const satisfies Record<string, ReasonEntry>;

type Reason = keyof typeof REASONS;

/** Codes of wrong use: the command ends with 2 and has changed nothing. */
export const USAGE = {
  PCAPPER_BAD_ARGUMENT: "The command line has an unknown command or option, or a value is missing or wrong.",
  PCAPPER_BAD_ENVIRONMENT: "An environment variable has a value that cannot be used.",
  PCAPPER_FILE_UNREADABLE: "The manifest file does not exist, is a folder or cannot be read.",
  PCAPPER_FILE_TOO_LARGE: "The manifest file is larger than 256 KiB.",
  PCAPPER_EMPTY_FILE: "The manifest file has no document.",
  PCAPPER_INVALID_YAML: "The manifest file is not YAML; line and column say where.",
  PCAPPER_UNKNOWN_KIND: "A document is not a PacketCapture of a known version.",
  PCAPPER_INVALID_NAME: "A name or namespace in metadata is missing or is not one that Kubernetes takes.",
  PCAPPER_DUPLICATE_NAME: "Two documents have the same namespace and name.",
  PCAPPER_INVALID_SPEC: "A field is unknown, of the wrong type, out of its bounds or contradicts another.",
  PCAPPER_INVALID_FILTER: "libpcap cannot compile captureFilter, or it is too long for the kernel.",
  PCAPPER_UNSUPPORTED_TARGET: "The target needs a cluster, or is another machine than this one.",
  PCAPPER_INTERFACE_NOT_FOUND: "This machine has no interface of that name.",
  PCAPPER_NOT_PERMITTED: "The process lacks a right it needs, for example CAP_NET_RAW.",
  PCAPPER_BAD_OUTPUT: "The output folder is not a folder, cannot be written or has no room.",
} as const satisfies Record<string, string>;

type UsageCode = keyof typeof USAGE;

/** Codes of work that failed beside a capture's own end: the command ends with 1. */
export const FAILURES = {
  PCAPPER_STDOUT_LOST:
    "Standard output cannot be written; what was captured, and its status, are in their files.",
  PCAPPER_RECOVERY_INCOMPLETE: "A folder could not be read, so nothing in it was made whole; the rest is.",
  PCAPPER_CLUSTER_FAILED: "The API server was not reached, refused, or has no pcapper in that namespace.",
  PCAPPER_GATHER_INCOMPLETE: "Something was not gathered; what was is kept, and the summary names the rest.",
  PCAPPER_EXPORT_INCOMPLETE: "Something is not in the archive that should be; the rest is.",
  PCAPPER_EXPORT_NOT_FOUND: "The node has no capture or file of that name.",
  PCAPPER_EXPORT_REFUSED: "What has that name is a symbolic link, or no plain file, and is not given out.",
  PCAPPER_EXPORT_OUT_OF_RANGE: "An offset lies past the end of the file.",
  PCAPPER_EXPORT_UNREADABLE: "A folder or file of the node could not be read.",
  PCAPPER_EXPORT_UNREAD: "Whoever read the export went away before its end.",
} as const satisfies Record<string, string>;

type FailureCode = keyof typeof FAILURES;

/** The code of an error that is neither wrong use nor the end of a capture: a defect. */
export const INTERNAL = "PCAPPER_INTERNAL";

export type ErrorCode = UsageCode | FailureCode | Reason | typeof INTERNAL;

export interface Problem {
  code: ErrorCode;
  /** One sentence: the field, what was found, what is expected. */
  message: string;
}

export interface PcapperErrorOptions {
  cause?: unknown;
  /** All problems, where there are several; the first one gives the error its code. */
  problems?: readonly Problem[];
}

/** An error for people. Wrong use has exit code 2, everything else 1. */
export class PcapperError extends Error {
  override readonly name = "PcapperError";
  readonly code: ErrorCode;
  readonly exitCode: 1 | 2;
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, options: PcapperErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.exitCode = code in USAGE ? 2 : 1;
    this.problems = options.problems ?? [{ code, message }];
  }
}

/** Throws all problems as one error, a line each; returns where there are none. */
export function throwProblems(problems: readonly Problem[]): void {
  const [first] = problems;
  if (first === undefined) return;
  const lines = problems.map((problem) => problem.message).join("\n");
  throw new PcapperError(first.code, lines, { problems });
}

const MOST_LINES = 20;

/** What the command prints for an error: one line per problem, each with its code. */
export function errorLines({ problems }: PcapperError): string {
  const shown = problems
    .slice(0, MOST_LINES)
    .map(({ code, message }) => `pcapper: ${printable(message)} [${code}]\n`);
  if (problems.length > MOST_LINES)
    shown.push(`pcapper: and ${problems.length - MOST_LINES} more problems\n`);
  return shown.join("");
}
