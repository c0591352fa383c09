import type { CaptureReport, Statistics } from "../capture/native.ts";

/** What an agent knows about itself at one moment. Totals count from the start of this process. */
export interface AgentFigures {
  readonly captures: CaptureFigures;
  /** Absent where the disk could not be looked at. */
  readonly disk?: DiskFigures;
  readonly ringMemory: RingMemoryFigures;
  readonly apiErrors: ApiErrorFigures;
  readonly watchRestarts: number;
}

const COUNTED = ["packets", "bytes", "droppedByKernel", "droppedByInterface", "droppedOnWrite"] as const;
type Counted = Record<(typeof COUNTED)[number], number>;

/** Of all captures of this process, what an earlier process captured left out. */
export interface CaptureFigures extends Readonly<Counted> {
  /** Captures whose engine has begun and not ended. */
  readonly running: number;
  /** How many ended for each reason (a word of src/errors.ts). */
  readonly ended: ReadonlyMap<string, number>;
}

/** Bytes. */
export interface DiskFigures {
  /** On disk below the output folder, as `du` counts. */
  readonly used: number;
  /** What the file system leaves to ordinary users, as `df` shows. */
  readonly free: number;
  /** MAX_TOTAL_FILESIZE. */
  readonly limit: number;
}

/** Bytes of the kernel's rings. */
export interface RingMemoryFigures {
  readonly used: number;
  /** CAPTURE_MEMORY. */
  readonly limit: number;
}

export const API_ERROR_CLASSES = ["conflict", "4xx", "5xx", "unreachable"] as const;
export type ApiErrorClass = (typeof API_ERROR_CLASSES)[number];
export type ApiErrorFigures = Readonly<Record<ApiErrorClass, number>>;

/**
 * `status` is that of HTTP; 0 and whatever is no answer of an API server is `unreachable`. A conflict is apart:
 * where several agents look at one capture it is part of the plan.
 */
export function apiErrorClass(status: number): ApiErrorClass {
  if (status === 409) return "conflict";
  if (status >= 400 && status < 500) return "4xx";
  return status >= 500 && status < 600 ? "5xx" : "unreachable";
}

/** Counts what the API server refused or failed to do. */
export function createApiErrorCounts() {
  const counts: Record<ApiErrorClass, number> = { conflict: 0, "4xx": 0, "5xx": 0, unreachable: 0 };
  return {
    count(status: number): void {
      counts[apiErrorClass(status)] += 1;
    },
    figures: (): ApiErrorFigures => ({ ...counts }),
  };
}

interface Share {
  /** What an earlier process had captured. */
  earlier: Readonly<Counted>;
  /** What this one has. */
  counted: Counted;
  /** How its engine is now. */
  latest?: () => CaptureReport;
}

/** Adds up what this process captures. Keeps nothing of a capture whose engine has ended. */
export function createCaptureTotals() {
  const open = new Map<string, Share>();
  const ended = new Map<string, number>();
  const closed = nothing();

  const close = (uid: string): void => {
    const share = open.get(uid);
    if (share === undefined) return;
    look(share);
    for (const name of COUNTED) closed[name] += share.counted[name];
    open.delete(uid);
  };

  return {
    /** Before the first report of a capture that goes on: what its statistics begin with. */
    resumed(uid: string, earlier: Statistics): void {
      close(uid);
      open.set(uid, { earlier, counted: nothing() });
    },
    /** At each change of the engine's state, in order; after `ended` there is none. */
    report(uid: string, { state }: CaptureReport, latest: () => CaptureReport): void {
      open.set(uid, { earlier: nothing(), counted: nothing(), ...open.get(uid), latest });
      if (state === "ended") close(uid);
    },
    /** A capture has its last status; also one whose engine never began. */
    ended(uid: string, reason: string): void {
      close(uid);
      ended.set(reason, (ended.get(reason) ?? 0) + 1);
    },
    figures(): CaptureFigures {
      const sum = { ...closed };
      for (const share of open.values()) {
        look(share);
        for (const name of COUNTED) sum[name] += share.counted[name];
      }
      return { ...sum, running: open.size, ended: new Map(ended) };
    },
  };
}

/** The highest that was ever seen: Prometheus takes a step back for a restart and adds all again. */
function look({ latest, earlier, counted }: Share): void {
  if (latest === undefined) return;
  const { statistics } = latest();
  for (const name of COUNTED) counted[name] = Math.max(counted[name], statistics[name] - earlier[name]);
}

function nothing(): Counted {
  return { packets: 0, bytes: 0, droppedByKernel: 0, droppedByInterface: 0, droppedOnWrite: 0 };
}
