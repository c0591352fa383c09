import { expect, test } from "vitest";
import { parseQuantity } from "../../../src/quantity.ts";
import { drawScenario } from "../../faults/draw-scenario.ts";
import {
  ALL_FAULT_KINDS,
  BETWEEN_NODES,
  FAULT_KINDS,
  type FaultKind,
  NEWER_FAULT_KINDS,
  NEWER_SEEDS,
  NODES_SEEDS,
} from "../../faults/scenario.ts";

const OLDER = Array.from({ length: 300 }, (_, seed) => seed);
const NEWER = OLDER.map((seed) => NEWER_SEEDS + seed);
const OF_NODES = OLDER.map((seed) => NODES_SEEDS + seed);
const SEEDS = [...OLDER, ...NEWER, ...OF_NODES];

test("a seed gives the same scenario again", () => {
  for (const seed of SEEDS) expect(drawScenario(seed)).toEqual(drawScenario(seed));
});

test("different seeds give different scenarios", () => {
  const texts = SEEDS.map((seed) =>
    JSON.stringify({ ...drawScenario(seed), seed: 0 }).replaceAll(/seed-\d+/g, ""),
  );
  expect(new Set(texts).size).toBe(SEEDS.length);
});

test.each<[string, number[], readonly FaultKind[]]>([
  ["older", OLDER, FAULT_KINDS],
  ["newer", NEWER, NEWER_FAULT_KINDS],
  ["two nodes'", OF_NODES, BETWEEN_NODES],
])("the rounds have each of the %s faults alone, in a pair and with three others", (_which, seeds, kinds) => {
  const faults = seeds.slice(0, 3 * kinds.length).map((seed) => drawScenario(seed).faults);
  for (const kind of kinds) {
    for (const count of [1, 2, 4]) {
      expect(faults.some((drawn) => drawn.length === count && drawn[0]?.kind === kind)).toBe(true);
    }
  }
});

test("older seeds draw none of the newer faults, newer ones draw from all", () => {
  const drawn = (seeds: number[]) =>
    new Set(seeds.flatMap((seed) => drawScenario(seed).faults.map(({ kind }) => kind)));
  expect(drawn(OLDER)).toEqual(new Set(FAULT_KINDS));
  expect(drawn(NEWER)).toEqual(new Set(ALL_FAULT_KINDS));
});

test("a seed that is published means what it meant", () => {
  const { captures, faults, disk } = drawScenario(182);
  expect(disk).toBe("tmpfs");
  expect(captures.map(({ createAt, spec }) => [createAt, spec.maxFileSize, spec.fileCount])).toEqual([
    [761, "1M", 2],
    [74, "1M", 1],
    [1339, "8M", 1],
  ]);
  expect(faults.map(({ kind, at }) => [kind, at])).toEqual([
    ["agent-killed", 8467],
    ["foreign-files", 3555],
    ["inodes-used-up", 3123],
    ["api-terminated", 3070],
  ]);
});

test("where memory is tight what is written is no memory", () => {
  for (const seed of SEEDS) {
    const { disk, faults } = drawScenario(seed);
    const kinds = faults.map(({ kind }) => kind);
    const isSmall = kinds.includes("disk-full") || kinds.includes("inodes-used-up");
    if (kinds.includes("memory-tight") && !isSmall) expect(disk).toBe("folder");
  }
});

test("a fault of a pod or an interface is aimed at a capture of one", () => {
  for (const seed of SEEDS) {
    const { captures, faults, pods } = drawScenario(seed);
    for (const { kind, capture } of faults) {
      if (kind.startsWith("pod-")) expect(captures[capture]?.target).toBe("pod");
      if (kind.startsWith("interface-")) expect(captures[capture]?.target).toBe("interface");
    }
    expect(captures.filter(({ target }) => target === "pod")).toHaveLength(pods);
  }
});

test("a file holds a packet, and a capture of any interface has a filter", () => {
  for (const seed of SEEDS) {
    for (const { spec, target } of drawScenario(seed).captures) {
      expect(parseQuantity(String(spec.maxFileSize)) ?? 0).toBeGreaterThan(Number(spec.snapLength) + 40);
      if (target === "any") expect(spec.captureFilter).toBeDefined();
    }
  }
});

test("from a seed on there are two nodes: nothing is done to the second, and no name is on both", () => {
  for (const seed of [...OLDER, ...NEWER]) expect(drawScenario(seed).neighbour).toBeUndefined();
  for (const seed of OF_NODES) {
    const { neighbour, captures } = drawScenario(seed);
    expect(neighbour?.faults).toEqual([]);
    const names = [...captures, ...(neighbour?.captures ?? [])].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(neighbour?.captures.length).toBeGreaterThan(0);
  }
});
