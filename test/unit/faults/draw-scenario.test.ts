import { expect, test } from "vitest";
import { parseQuantity } from "../../../src/quantity.ts";
import { drawScenario } from "../../faults/draw-scenario.ts";
import { FAULT_KINDS } from "../../faults/scenario.ts";

const SEEDS = Array.from({ length: 300 }, (_, seed) => seed);

test("a seed gives the same scenario again", () => {
  for (const seed of SEEDS) expect(drawScenario(seed)).toEqual(drawScenario(seed));
});

test("different seeds give different scenarios", () => {
  const texts = SEEDS.map((seed) =>
    JSON.stringify({ ...drawScenario(seed), seed: 0 }).replaceAll(/seed-\d+/g, ""),
  );
  expect(new Set(texts).size).toBe(SEEDS.length);
});

test("the rounds have each fault alone, in a pair and with three others", () => {
  const faults = SEEDS.slice(0, 3 * FAULT_KINDS.length).map((seed) =>
    drawScenario(seed).faults.map(({ kind }) => kind),
  );
  for (const kind of FAULT_KINDS) {
    for (const count of [1, 2, 4]) {
      expect(faults.some((drawn) => drawn.length === count && drawn[0] === kind)).toBe(true);
    }
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
