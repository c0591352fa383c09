import { describe, expect, test } from "vitest";
import type { PacketCapture } from "../../../src/api/resource.ts";
import {
  type AgentPod,
  type ClusterFacts,
  missingNodes,
  type NodeObject,
  podsToAsk,
  watchedNamespace,
} from "../../../src/gather/cluster-facts.ts";
import type { NodeResult } from "../../../src/gather/results.ts";
import { unseenCaptures } from "../../../src/gather/unseen-captures.ts";

interface PodFacts {
  name?: string;
  running?: boolean;
  created?: string;
  deleted?: boolean;
  nodeSelector?: Record<string, string>;
}

function pod(node: string | undefined, facts: PodFacts = {}): AgentPod {
  const {
    name = `agent-${node}`,
    running = true,
    created = "2026-11-24T10:00:00Z",
    deleted,
    nodeSelector,
  } = facts;
  return {
    metadata: { name, creationTimestamp: created, ...(deleted && { deletionTimestamp: created }) },
    spec: { ...(node !== undefined && { nodeName: node }), ...(nodeSelector && { nodeSelector }) },
    status: { containerStatuses: [{ name: "files", state: running ? { running: {} } : {} }] },
  };
}

function node(name: string, labels: Record<string, string> = {}): NodeObject {
  return { metadata: { name, labels } };
}

function capture(name: string, on?: string, { files = true, available = "True" } = {}): PacketCapture {
  const status = {
    ...{ progress: "finished", node: on },
    ...(files && { fileLocation: `/var/pcapper/${name}` }),
    conditions: [{ type: "FilesAvailable", status: available }],
  };
  return { metadata: { name }, spec: {}, ...(on !== undefined && { status }) } as unknown as PacketCapture;
}

const facts = (some: Partial<ClusterFacts>): ClusterFacts => ({
  ...{ pods: [], captures: [], events: [], nodes: undefined },
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
    ];
    expect(missing({ pods: [pod("a")], captures })).toEqual([]);
  });

  test("are those whose pod does not run, and those without one", () => {
    expect(
      missing({ pods: [pod("a"), pod("b", { running: false })], nodes: ["a", "b", "c"].map((n) => node(n)) }),
    ).toEqual(["b: the agent's pod there does not run", `c: ${NO_POD}`]);
  });

  test("are not those that the agents are not meant for", () => {
    const pods = [pod("a", { nodeSelector: { disk: "big" } })];
    const nodes = [node("a", { disk: "big" }), node("b"), node("c", { disk: "big" })];
    expect(missing({ pods, nodes })).toEqual([`c: ${NO_POD}`]);
  });

  test("are said to be gone where the cluster does not know them", () => {
    const captures = [capture("c", "gone")];
    expect(missing({ pods: [pod("a")], captures, nodes: [node("a")] })).toEqual([
      "gone: there is no such node any more",
    ]);
  });

  test("do not matter where all captures that are asked for are elsewhere", () => {
    const cluster = { pods: [pod("a")], nodes: [node("a"), node("b")] };
    expect(missing({ ...cluster, captures: [capture("c", "a")] }, ["c"])).toEqual([]);
    expect(missing({ ...cluster, captures: [] }, ["c"])).toEqual([`b: ${NO_POD}`]);
  });
});

describe("captures that should have been found", () => {
  const asked = (name: string, ...captures: string[]): NodeResult => ({
    ...{ node: name, leftOut: [], problems: [] },
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
