import { describe, expect, test } from "vitest";
import type { PacketCapture } from "../../../src/api/resource.ts";
import { type AgentPod, podsToAsk, watchedNamespace } from "../../../src/gather/agent-pods.ts";
import type { ClusterFacts } from "../../../src/gather/cluster-facts.ts";
import { missingNodes, placesToAsk, unservedNodes } from "../../../src/gather/places.ts";
import type { NodeResult } from "../../../src/gather/results.ts";
import { unseenCaptures } from "../../../src/gather/unseen-captures.ts";

interface PodFacts {
  name?: string;
  running?: boolean;
  created?: string;
  deleted?: boolean;
  /** Why the container waits. */
  waits?: string;
  ready?: boolean;
}

function pod(node: string | undefined, facts: PodFacts = {}): AgentPod {
  const { name = `agent-${node}`, created = "2026-11-24T10:00:00Z", deleted, waits, ready = true } = facts;
  const { running = waits === undefined } = facts;
  const state = running ? { running: {} } : { waiting: { reason: waits ?? "CrashLoopBackOff" } };
  return {
    metadata: { name, creationTimestamp: created, ...(deleted && { deletionTimestamp: created }) },
    spec: { ...(node !== undefined && { nodeName: node }) },
    status: {
      containerStatuses: [{ name: "files", state }],
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
    },
  };
}

/** As a DaemonSet makes it; no scheduler has seen it yet. */
function pendingPod(node: string): AgentPod {
  const matchFields = [{ key: "metadata.name", operator: "In", values: [node] }];
  const choice = { nodeSelectorTerms: [{ matchFields }] };
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: choice } };
  return { metadata: { name: `pending-${node}` }, spec: { affinity }, status: { phase: "Pending" } };
}

const node = (name: string) => ({ metadata: { name } });

function capture(
  name: string,
  on?: string,
  { files = true, available = "True", progress = "finished" } = {},
): PacketCapture {
  const status = {
    ...{ progress, node: on },
    ...(files && { fileLocation: `/var/pcapper/${name}` }),
    conditions: [{ type: "FilesAvailable", status: available }],
  };
  return { metadata: { name }, spec: {}, ...(on !== undefined && { status }) } as unknown as PacketCapture;
}

const facts = (some: Partial<ClusterFacts>): ClusterFacts => ({
  ...{ pods: [], watched: "pcapper", captures: [], events: [], daemonSets: [], nodes: undefined },
  ...some,
});
const missing = (some: Partial<ClusterFacts>, names: string[] = []): string[] =>
  missingNodes(facts(some), names).map(({ node: name, why }) => `${name}: ${why}`);

describe("the pod to ask on a node", () => {
  test("is one whose files container runs, and the newest of several", () => {
    const pods = [
      pod("a", { name: "old", created: "2026-11-24T09:00:00Z" }),
      pod("a", { name: "new", created: "2026-11-24T11:00:00Z" }),
      pod("a", { name: "newer, but going", created: "2026-11-24T12:00:00Z", deleted: true }),
      pod("b", { running: false }),
      pod(undefined),
    ];
    expect([...podsToAsk(pods)].map(([name, { metadata }]) => [name, metadata.name])).toEqual([["a", "new"]]);
  });
});

describe("the nodes to ask", () => {
  const places = (some: Partial<ClusterFacts>, names: string[] = []): string[] =>
    placesToAsk(facts(some), names).map(({ node: name, pod: found }) => `${name}: ${found?.metadata.name}`);
  const pods = [pod("c"), pod("b"), pod("a")];

  test("are all where no capture is named", () => {
    expect(places({ pods, captures: [capture("one", "a")] })).toEqual([
      "a: agent-a",
      "b: agent-b",
      "c: agent-c",
    ]);
  });

  test("are those alone that the resources of named captures name", () => {
    const captures = [capture("one", "a"), capture("two", "c"), capture("other", "b")];
    expect(places({ pods, captures }, ["one", "two"])).toEqual(["a: agent-a", "c: agent-c"]);
    expect(places({ pods, captures }, ["two"])).toEqual(["c: agent-c"]);
  });

  test("are all again where one of the names has no resource any more, or nobody has taken it", () => {
    const captures = [capture("one", "a"), capture("unclaimed")];
    expect(places({ pods, captures }, ["one", "deleted"])).toHaveLength(3);
    expect(places({ pods, captures }, ["one", "unclaimed"])).toHaveLength(3);
  });

  test("begin with those that the cluster does not doubt", () => {
    expect(places({ pods: [pod("a", { ready: false }), pod("b"), pod("c", { deleted: true })] })).toEqual([
      "b: agent-b",
      "a: agent-a",
      "c: undefined",
    ]);
  });

  test("are also those whose pod is just being replaced, not those whose pod does not come up", () => {
    const replaced = [pod("a", { waits: "ContainerCreating" }), pod("b", { deleted: true })];
    const stuck = [pod("c", { waits: "CrashLoopBackOff" }), pod("d", { waits: "ImagePullBackOff" })];
    expect(places({ pods: [...replaced, ...stuck] })).toEqual(["a: undefined", "b: undefined"]);
  });
});

describe("nodes that are missing", () => {
  const NO_POD = "no agent's pod is there";

  test("are those that a capture with files names, and no pod is on", () => {
    expect(missing({ pods: [pod("a")], captures: [capture("c", "a"), capture("d", "b")] })).toEqual([
      `b: ${NO_POD}`,
    ]);
  });

  test("are not those whose captures have no files, or none any more", () => {
    const captures = [
      capture("new"),
      capture("none", "b", { files: false }),
      capture("removed", "b", { available: "False" }),
      capture("waits", "b", { files: false, progress: "scheduled" }),
    ];
    expect(missing({ pods: [pod("a")], captures })).toEqual([]);
  });

  test("are those of captures that run there, and of those whose agent was lost", () => {
    const running = capture("c", "b", { files: false, progress: "running" });
    const lost = capture("d", "c", { files: false, progress: "failure", available: "Unknown" });
    const cluster = { pods: [pod("a")], captures: [running, lost] };
    expect(missing(cluster)).toEqual([`b: ${NO_POD}`, `c: ${NO_POD}`]);
    expect(missing(cluster, ["d"])).toEqual([`b: ${NO_POD}`, `c: ${NO_POD}`]);
  });

  test("are those whose pod does not run, and those on which one shall be", () => {
    const pods = [pod("a"), pod("b", { running: false }), pendingPod("c")];
    expect(missing({ pods })).toEqual([
      "b: the agent's pod there does not run",
      "c: the agent's pod there does not run",
    ]);
  });

  test("are not those without a pod that no capture names: the agents are not meant for them", () => {
    const nodes = ["a", "control-plane", "virtual", "windows"].map(node);
    expect(missing({ pods: [pod("a")], nodes })).toEqual([]);
  });

  test("are counted by the DaemonSet, which alone knows which are meant", () => {
    const status = { desiredNumberScheduled: 3, currentNumberScheduled: 2 };
    const daemonSets = [{ metadata: { name: "pcapper" }, status }];
    expect(unservedNodes(facts({ daemonSets }), [])).toEqual([
      "the DaemonSet pcapper has pods on 2 of the 3 nodes it wants them on",
    ]);
    expect(unservedNodes(facts({ daemonSets, captures: [capture("c", "a")] }), ["c"])).toEqual([]);
    const served = { desiredNumberScheduled: 2, currentNumberScheduled: 2 };
    expect(unservedNodes(facts({ daemonSets: [{ metadata: { name: "d" }, status: served }] }), [])).toEqual(
      [],
    );
  });

  test("are said to be gone where the cluster does not know them", () => {
    const captures = [capture("c", "gone")];
    expect(missing({ pods: [pod("a")], captures, nodes: [node("a")] })).toEqual([
      "gone: there is no such node any more",
    ]);
  });

  test("do not matter where all captures that are asked for are elsewhere", () => {
    const cluster = { pods: [pod("a"), pod("b", { running: false })] };
    const why = "b: the agent's pod there does not run";
    expect(missing({ ...cluster, captures: [capture("c", "a")] }, ["c"])).toEqual([]);
    expect(missing({ ...cluster, captures: [] }, ["c"])).toEqual([why]);
    expect(missing({ ...cluster, captures: [capture("c", "b")] }, ["c"])).toEqual([why]);
  });
});

describe("captures that should have been found", () => {
  const asked = (name: string, ...captures: string[]): NodeResult => ({
    ...{ node: name, leftOut: [], notes: [], problems: [] },
    captures: captures.map((found) => ({
      ...{ capture: found, prefix: found, running: false, wanted: 0 },
      ...{ files: [], removedMeanwhile: [], manifest: "whole", problems: [] },
    })),
  });

  test("are told when their status says that files are there", () => {
    const captures = [
      capture("here", "a"),
      capture("lost", "a"),
      capture("removed", "a", { available: "False" }),
    ];
    expect(unseenCaptures({ captures }, [], [asked("a", "here")], [])).toEqual([
      "lost: its status says that its files are at /var/pcapper/lost on node a, but they are not",
    ]);
  });

  test("are not told of a node that has its own problem", () => {
    const broken = { ...asked("a"), problems: ["was lost"] };
    expect(unseenCaptures({ captures: [capture("c", "a")] }, [], [broken], [])).toEqual([]);
  });

  test("are those nobody knows, where all nodes were heard", () => {
    expect(unseenCaptures({ captures: [] }, ["typo", "left"], [asked("a", "left")], [])).toEqual([
      "typo: no node has files of a capture of that name, and there is no such resource",
    ]);
    expect(unseenCaptures({ captures: [] }, ["typo"], [], [asked("b")])).toEqual([]);
  });
});

test("where the agents look for captures is told by their environment", () => {
  const env = (value?: string): AgentPod[] => [
    {
      ...pod("a"),
      spec: {
        containers: [
          { name: "agent", env: [{ name: "WATCH_NAMESPACE", ...(value !== undefined && { value }) }] },
        ],
      },
    },
  ];
  expect(watchedNamespace(env("traces"))).toBe("traces");
  expect(watchedNamespace(env())).toBeUndefined();
  expect(watchedNamespace([])).toBeUndefined();
});
