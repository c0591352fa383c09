import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { REASONS } from "../../../src/errors.ts";
import { FAMILIES } from "../../../src/http/families.ts";
import type { AgentFigures } from "../../../src/http/figures.ts";
import { createMetrics } from "../../../src/http/metrics.ts";
import { VERSION } from "../../../src/version.ts";
import { SOME_FIGURES } from "./some-figures.ts";

/** Samples by `name{labels}`. */
async function samples(figures: AgentFigures): Promise<Map<string, string>> {
  const text = await createMetrics(() => figures).text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), line.split(" ").at(-1) ?? ""]));
}

test("every figure is shown as it is", async () => {
  expect(Object.fromEntries(await samples(SOME_FIGURES))).toMatchObject({
    pcapper_captures_running: "2",
    'pcapper_captures_ended_total{progress="finished",reason="TimeElapsed"}': "3",
    'pcapper_captures_ended_total{progress="failure",reason="InvalidFilter"}': "1",
    'pcapper_captures_ended_total{progress="failure",reason="AgentLost"}': "0",
    pcapper_captured_packets_total: "9007199254740991",
    pcapper_captured_bytes_total: "1234",
    'pcapper_dropped_packets_total{cause="kernel"}': "5",
    'pcapper_dropped_packets_total{cause="interface"}': "6",
    'pcapper_dropped_packets_total{cause="write"}': "7",
    pcapper_disk_used_bytes: "11",
    pcapper_disk_free_bytes: "12",
    pcapper_disk_limit_bytes: "13",
    pcapper_ring_memory_bytes: "14",
    pcapper_ring_memory_limit_bytes: "15",
    'pcapper_api_errors_total{class="conflict"}': "16",
    'pcapper_api_errors_total{class="4xx"}': "17",
    'pcapper_api_errors_total{class="5xx"}': "18",
    'pcapper_api_errors_total{class="unreachable"}': "19",
    pcapper_watch_restarts_total: "20",
    [`pcapper_build_info{version="${VERSION}",node_version="${process.version}"}`]: "1",
  });
});

test("a disk that could not be looked at has no samples, rather than zeros", async () => {
  const { disk: _disk, ...withoutDisk } = SOME_FIGURES;
  const names = [...(await samples(withoutDisk)).keys()];
  expect(names.filter((name) => name.startsWith("pcapper_disk_"))).toEqual([]);
  expect(names).toContain("pcapper_ring_memory_bytes");
});

test("each look shows the figures of then, and nothing adds up from look to look", async () => {
  let figures = SOME_FIGURES;
  const metrics = createMetrics(async () => figures);
  const first = await metrics.text();
  expect(await metrics.text()).toBe(first);
  figures = { ...SOME_FIGURES, watchRestarts: 21 };
  expect(await metrics.text()).toBe(
    first.replace("pcapper_watch_restarts_total 20", "pcapper_watch_restarts_total 21"),
  );
});

test("the number of series does not depend on what was captured", async () => {
  const ended = new Map(Array.from({ length: 1000 }, (_, index) => [`Word${index}`, 1]));
  const busy = await samples({ ...SOME_FIGURES, captures: { ...SOME_FIGURES.captures, ended } });
  expect(busy.size).toBe((await samples(SOME_FIGURES)).size + 1);
  expect(busy.get('pcapper_captures_ended_total{progress="failure",reason="Other"}')).toBe("1000");
  expect(busy.size).toBeLessThan(Object.keys(REASONS).length + 30);
});

test("looks that overlap ask for the figures once, later ones again", async () => {
  let asked = 0;
  const metrics = createMetrics(async () => {
    asked += 1;
    return SOME_FIGURES;
  });
  const [first, second] = await Promise.all([metrics.text(), metrics.text()]);
  expect(second).toBe(first);
  expect(asked).toBe(1);
  await metrics.text();
  expect(asked).toBe(2);
});

test("figures that fail fail this look only", async () => {
  let broken = true;
  const metrics = createMetrics(() => {
    if (broken) throw new Error("no figures");
    return SOME_FIGURES;
  });
  await expect(metrics.text()).rejects.toThrow("no figures");
  broken = false;
  expect(await metrics.text()).toContain("pcapper_captures_running 2");
});

test("a counter below zero is refused instead of shown", async () => {
  const metrics = createMetrics(() => ({ ...SOME_FIGURES, watchRestarts: -1 }));
  await expect(metrics.text()).rejects.toThrow("decrease a counter");
});

test("docs/metrics.md has each metric with its type and labels, and no other", () => {
  const text = readFileSync(new URL("../../../docs/metrics.md", import.meta.url), "utf8");
  const rows = [...text.matchAll(/^\| `(pcapper_\w+)` \| (\w+) \| ([^|]*)\|/gm)];
  const documented = rows.map(([, name, type, labels = ""]) => ({
    name,
    type,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label),
  }));
  expect(documented).toEqual(FAMILIES.map(({ name, type, labels }) => ({ name, type, labels })));
});
