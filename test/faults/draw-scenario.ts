import type { PacketCaptureSpec } from "../../src/api/resource.ts";
import { type Draw, drawFrom } from "./random.ts";
import {
  ALL_FAULT_KINDS,
  BETWEEN_NODES,
  FAULT_KINDS,
  type FaultKind,
  NEWER_FAULT_KINDS,
  NEWER_SEEDS,
  NODE_STREAM,
  NODES_SEEDS,
  type PlannedCapture,
  type PlannedFault,
  type PlannedPhase,
  type Scenario,
} from "./scenario.ts";

/** Shortest and longest time until a fault is undone. */
const LASTS: Partial<Record<FaultKind, [number, number]>> = {
  "agent-killed": [0, 5000],
  "agent-terminated": [0, 5000],
  "agent-frozen": [1000, 12_000],
  "api-terminated": [500, 4000],
  "api-killed": [500, 4000],
  "api-refuses": [1000, 8000],
  "api-fails": [1000, 8000],
  "api-answers-lost": [1000, 8000],
  "api-cut": [1000, 8000],
  "api-slow": [1000, 8000],
  "api-hangs": [1000, 6000],
  "interface-down": [200, 2500],
  "interface-renamed": [300, 4000],
  "disk-full": [500, 4000],
  "inodes-used-up": [500, 4000],
  "descriptors-few": [500, 4000],
  "agent-blocked": [1000, 8000],
  "clock-ahead": [1500, 8000],
  "clock-behind": [1500, 8000],
  "memory-tight": [1000, 6000],
  "disk-slow": [1000, 8000],
  "disk-errors": [300, 3000],
  "disk-read-only": [500, 4000],
  "hostmount-gone": [500, 4000],
};

const ON_DISK: readonly FaultKind[] = ["disk-full", "inodes-used-up"];
const ON_POD: readonly FaultKind[] = ["pod-deleted", "pod-replaced", "pod-network-gone"];
const ON_INTERFACE: readonly FaultKind[] = ["interface-down", "interface-renamed", "interface-deleted"];
/** Milliseconds before a capture is made in which a fault may begin, too. */
const BEFORE = 300;

/** Faults of a scenario, round by round: each kind alone, with a second one, twice with three others. */
const ROUNDS = [1, 2, 4, 4];

/** Names on a second node are as of a seed that is so much higher. */
const NEIGHBOUR = 100_000;

/** Seeds go round all kinds of faults, the newer ones from NEWER_SEEDS on; what goes with them is drawn. */
export function drawScenario(seed: number): Scenario {
  const draw = drawFrom(seed);
  if (seed < NEWER_SEEDS) return drawNode(draw, seed, drawKinds(draw, seed, FAULT_KINDS, FAULT_KINDS));
  if (seed < NODES_SEEDS) return drawNode(draw, seed, drawNewer(draw, seed));
  const kinds = drawKinds(draw, seed - NODES_SEEDS, BETWEEN_NODES, ALL_FAULT_KINDS);
  const node = drawNode(draw, seed, kinds);
  return { ...node, neighbour: drawNode(draw, seed + NEIGHBOUR, []) };
}

function drawNode(draw: Draw, seed: number, kinds: readonly FaultKind[]): Scenario {
  const captures = drawCaptures(draw, seed, kinds);
  const pods = captures.filter(({ target }) => target === "pod").length;
  const longest = Math.max(
    ...captures.map(({ createAt, spec }) => createAt + Number(spec.captureSeconds) * 1000),
  );
  const streams = [...new Set(captures.map(({ stream }) => stream))];
  return {
    seed,
    disk: drawDisk(draw, kinds),
    pods,
    cniCache: draw.chance(0.5),
    captureBuffer: draw.oneOf(["2Mi", "16Mi", "64Mi"]),
    captures,
    traffic: Object.fromEntries(streams.map((stream) => [stream, drawTraffic(draw, longest + 1000)])),
    faults: kinds.map((kind) => drawFault(draw, kind, captures)),
  };
}

function drawNewer(draw: Draw, seed: number): FaultKind[] {
  return drawKinds(draw, seed - NEWER_SEEDS, NEWER_FAULT_KINDS, ALL_FAULT_KINDS);
}

function drawKinds(
  draw: Draw,
  place: number,
  firsts: readonly [FaultKind, ...FaultKind[]],
  all: readonly [FaultKind, ...FaultKind[]],
): FaultKind[] {
  const first = firsts[place % firsts.length] ?? firsts[0];
  const count = ROUNDS[Math.floor(place / firsts.length) % ROUNDS.length] ?? 1;
  return [first, ...Array.from({ length: count - 1 }, () => draw.oneOf(all))];
}

function drawDisk(draw: Draw, kinds: readonly FaultKind[]): Scenario["disk"] {
  if (kinds.some((kind) => ON_DISK.includes(kind))) return "tmpfs";
  const isSmall = draw.chance(0.3);
  // What is written to a tmpfs is the writer's memory.
  return isSmall && !kinds.includes("memory-tight") ? "tmpfs" : "folder";
}

function drawCaptures(draw: Draw, seed: number, kinds: readonly FaultKind[]): PlannedCapture[] {
  const forced = kinds.flatMap((kind) =>
    ON_POD.includes(kind) ? (["pod"] as const) : ON_INTERFACE.includes(kind) ? (["interface"] as const) : [],
  );
  const targets = new Set<PlannedCapture["target"]>(forced);
  const count = Math.max(targets.size, draw.between(1, 3));
  const all: PlannedCapture["target"][] = [...targets];
  while (all.length < count) all.push(draw.oneOf(["interface", "interface", "pod", "any"]));
  let pods = 0;
  return all.map((target, index) => {
    const stream = target === "pod" ? `pod-${pods}` : NODE_STREAM;
    if (target === "pod") pods += 1;
    return drawCapture(draw, `seed-${seed}-${index}`, target, stream);
  });
}

function drawCapture(
  draw: Draw,
  name: string,
  target: PlannedCapture["target"],
  stream: string,
): PlannedCapture {
  const captureSeconds = draw.between(5, 12);
  const createAt = draw.between(0, 2000);
  const end = draw.oneOf(["time", "time", "time", "stop", "count"]);
  const spec: PacketCaptureSpec = {
    captureSeconds,
    maxFileSize: draw.oneOf(["64Ki", "1M", "8M", "8M"]),
    fileCount: draw.between(1, 5),
    snapLength: 2000,
  };
  // On `any` the agent's own talk with the API server would be captured too.
  if (target === "any" || draw.chance(0.4)) spec.captureFilter = "udp port 9999";
  if (end === "count") spec.packetCount = draw.oneOf([1, 1000, 10_000, 20_000]);
  const stopAt = createAt + draw.between(1500, captureSeconds * 1000);
  return { name, target, stream, createAt, spec, ...(end === "stop" ? { stopAt } : {}) };
}

function drawTraffic(draw: Draw, until: number): PlannedPhase[] {
  const phases: PlannedPhase[] = [];
  for (let sum = 0; sum < until; ) {
    const phase = {
      milliseconds: draw.between(300, 2500),
      rate: draw.oneOf([0, 50, 500, 500, 2000, 5000]),
      length: draw.oneOf([100, 300, 1000]),
    };
    sum += phase.milliseconds;
    phases.push(phase);
  }
  return phases;
}

function drawFault(draw: Draw, kind: FaultKind, captures: readonly PlannedCapture[]): PlannedFault {
  const [shortest, longest] = LASTS[kind] ?? [0, 0];
  const wanted = ON_POD.includes(kind) ? "pod" : ON_INTERFACE.includes(kind) ? "interface" : undefined;
  const fitting = captures.flatMap(({ target }, index) =>
    wanted === undefined || target === wanted ? [index] : [],
  );
  const capture = fitting[draw.between(0, fitting.length - 1)] ?? 0;
  return {
    kind,
    at: drawMoment(draw, captures[capture]),
    milliseconds: draw.between(shortest, longest),
    capture,
  };
}

/** While the capture should run, or as it begins. */
function drawMoment(draw: Draw, capture: PlannedCapture | undefined): number {
  if (capture === undefined) return 0;
  const { createAt, stopAt, spec } = capture;
  const end = stopAt ?? createAt + Number(spec.captureSeconds) * 1000;
  return draw.between(Math.max(0, createAt - BEFORE), end);
}
