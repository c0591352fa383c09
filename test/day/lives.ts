/** Many short captures of several kinds, one after the other and some at a time, and what must become of each. */
import { isFinal } from "../../src/agent/progress.ts";
import type { OneNode } from "../cluster-api/one-node.ts";
import type { Random } from "../helpers/seeded-random.ts";
import type { StoredCapture } from "../kubernetes/packet-captures.ts";

/** How it ends, its spec, and by which word. */
const KINDS = {
  elapsed: { spec: { captureSeconds: 1 }, reason: "TimeElapsed" },
  counted: { spec: { packetCount: 50 }, reason: "PacketCountReached" },
  stopped: { spec: {}, reason: "Stopped" },
  deleted: { spec: {}, reason: "" },
  wrongInterface: { spec: { targetInterface: "none" }, reason: "InterfaceNotFound" },
  wrongFilter: { spec: { captureFilter: "port nonsense" }, reason: "InvalidFilter" },
} as const;

type Kind = keyof typeof KINDS;

/** How often each is drawn. */
const DRAWN: readonly Kind[] = [
  ...Array<Kind>(8).fill("elapsed"),
  ...Array<Kind>(2).fill("counted"),
  ...Array<Kind>(3).fill("stopped"),
  ...Array<Kind>(3).fill("deleted"),
  "wrongInterface",
  "wrongFilter",
];

interface Life {
  kind: Kind;
  begun: number;
  /** Its last change of ours is made. */
  asked: boolean;
  ended?: number;
  /** Milliseconds after its end until somebody deletes it. */
  kept: number;
}

export interface Times {
  /** Milliseconds between two new captures. */
  every: number;
  /** Milliseconds that some are kept after their end, and others: the second are longer than their files. */
  short: number;
  long: number;
}

export interface Lives {
  /** Makes, stops and deletes what is due. @param captures all that the API server has */
  turn(captures: readonly StoredCapture[]): Promise<void>;
  /** How many there have been, by kind. */
  counts(): Record<string, number>;
  /** How many were seen to say that their files were removed for their age. */
  expired(): number;
  /** What is not as it must be, a sentence each. */
  complaints(): string[];
}

/** Small files and packets, so that the ring turns. */
const SPEC = { captureSeconds: 600, maxFileSize: "64Ki", fileCount: 2, snapLength: 256 };
/** Captures at a time that have not ended. */
const MOST_OPEN = 20;
/** Milliseconds: no life may take longer. */
const LONGEST = 60_000;

export function createLives(node: OneNode, random: Random, { every, short, long }: Times): Lives {
  const lives = new Map<string, Life>();
  const counts: Record<string, number> = {};
  const complaints: string[] = [];
  let expired = 0;
  let made = 0;
  let next = Date.now();

  const open = (): number => [...lives.values()].filter(({ ended }) => ended === undefined).length;

  /** What was missed while the machine had no time is not made up for: that would be another load than a day's. */
  const makeDue = async (): Promise<void> => {
    for (next = Math.max(next, Date.now() - every); next <= Date.now() && open() < MOST_OPEN; next += every) {
      made += 1;
      const kind = random.pick(DRAWN);
      const name = `day-${made}`;
      counts[kind] = (counts[kind] ?? 0) + 1;
      lives.set(name, { kind, begun: Date.now(), asked: false, kept: random.onceIn(3) ? short : long });
      await node.create(name, { ...SPEC, ...KINDS[kind].spec });
    }
  };

  const end = async (name: string, life: Life, { status }: StoredCapture): Promise<void> => {
    if (life.ended === undefined) {
      life.ended = Date.now();
      const { reason } = KINDS[life.kind];
      if (status?.reason !== reason)
        complaints.push(`${name}: ${status?.reason} and not ${reason}: ${status?.message}`);
    }
    if (Date.now() - life.ended < life.kept) return;
    if (status?.conditions?.some(({ reason }) => reason === "FilesRemoved")) expired += 1;
    lives.delete(name);
    await node.remove(name);
  };

  const look = async (capture: StoredCapture): Promise<void> => {
    const { name } = capture.metadata;
    const life = lives.get(name);
    if (life === undefined) return;
    const { progress } = capture.status ?? {};
    if (isFinal(progress)) return end(name, life, capture);
    if (Date.now() - life.begun > LONGEST) {
      complaints.push(`${name}: ${progress ?? "nobody's"} after ${LONGEST / 1000} s`);
      lives.delete(name);
      return;
    }
    if (progress !== "running" || life.asked) return;
    life.asked = true;
    if (life.kind === "stopped") await node.stop(name);
    if (life.kind !== "deleted") return;
    lives.delete(name);
    await node.remove(name);
  };

  return {
    turn: async (captures) => {
      await Promise.all(captures.map(look));
      await makeDue();
    },
    counts: () => counts,
    expired: () => expired,
    complaints: () => complaints,
  };
}
