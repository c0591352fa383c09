import { describe, expect, test } from "vitest";
import { percentile } from "../../../bench/agent/percentile.ts";
import { openWatches, requestCounts, sentEvents, sumOf } from "../../../bench/agent/request-counts.ts";
import type { AgentResults } from "../../../bench/agent/results.ts";
import { agentTables } from "../../../bench/agent/tables.ts";

const METRICS = `# HELP apiserver_request_total [STABLE] Counter of apiserver requests
# TYPE apiserver_request_total counter
apiserver_request_total{code="200",component="apiserver",dry_run="",group="packetcapture.pcapper",resource="packetcaptures",scope="resource",subresource="status",verb="PATCH",version="v1alpha1"} 12
apiserver_request_total{code="409",component="apiserver",dry_run="",group="packetcapture.pcapper",resource="packetcaptures",scope="resource",subresource="status",verb="PATCH",version="v1alpha1"} 3
apiserver_request_total{code="201",component="apiserver",dry_run="",group="",resource="events",scope="resource",subresource="",verb="POST",version="v1"} 1e+01
apiserver_longrunning_requests{component="apiserver",group="packetcapture.pcapper",resource="packetcaptures",scope="namespace",subresource="",verb="WATCH",version="v1alpha1"} 5
apiserver_longrunning_requests{component="apiserver",group="",resource="pods",scope="cluster",subresource="",verb="WATCH",version="v1"} 9
apiserver_watch_events_total{group="packetcapture.pcapper",kind="PacketCapture",version="v1alpha1"} 44
apiserver_watch_events_sizes_count{group="packetcapture.pcapper",kind="PacketCapture",version="v1alpha1"} 99
`;

describe("what the API server counts", () => {
  test("requests by verb, resource with its subresource, and code", () => {
    const counts = requestCounts(METRICS);
    expect(sumOf(counts, { verb: "PATCH", resource: "packetcaptures/status", code: "200" })).toBe(12);
    expect(sumOf(counts, { resource: "packetcaptures/status", code: /^(?!200)/ })).toBe(3);
    expect(sumOf(counts, { verb: "POST", resource: "events" })).toBe(10);
    expect(sumOf(counts, { verb: "DELETE" })).toBe(0);
  });

  test("watches that are open on captures, and the events they were sent", () => {
    expect(openWatches(METRICS)).toBe(5);
    expect(sentEvents(METRICS)).toBe(44);
  });
});

describe("a percentile", () => {
  test.each([
    [0.5, 2],
    [0.95, 4],
    [1, 4],
    [0, 1],
  ])("%d of four numbers is one of them", (share, expected) => {
    expect(percentile([4, 1, 3, 2], share)).toBe(expected);
  });

  test("of nothing is an error", () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError);
  });
});

test("the agent's tables leave out what was not measured, and name what is wrong", () => {
  const machine = { cpu: "CPU", cpus: 2, memoryGib: 24, kernel: "6", fileSystem: "ext4", load: 0, tools: [] };
  const cost = { statusConflicts: 0, eventsAgain: 2, reads: 30, lists: 0, watchEvents: 80 };
  const results: AgentResults = {
    time: "2026-01-02T03:04:05Z",
    machine,
    smoke: false,
    latency: [],
    requests: [{ agents: 4, captures: 10, kind: "claimed", statusWrites: 30, events: 28, ...cost }],
    memory: [],
    wrong: ["something"],
  };
  const tables = agentTables(results);
  expect(tables).toContain("| 4, claimed | 10 | 3.00 | 0.00 | 2.80 | 0.20 | 6.00 | 3.00 | 2.00 |");
  expect(tables).toContain("- **wrong**: something");
  expect(tables).not.toContain("Memory");
});
