import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Answers, createAnswers } from "../../../src/agent/answers/answers.ts";
import { weightedDelay } from "../../../src/agent/answers/weighted-delay.ts";
import { API_VERSION, KIND, type PacketCapture } from "../../../src/api/resource.ts";
import { KubernetesError } from "../../../src/kubernetes/api.ts";
import type { Log } from "../../../src/log.ts";

const PATH = `/apis/${API_VERSION}/namespaces/pcapper/packetcaptures/pcap1`;
const NODE_PATH = "/api/v1/nodes/node-9";

function unclaimed(spec: PacketCapture["spec"] = { targetNode: "node-9", targetInterface: "eth0" }) {
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: {
      name: "pcap1",
      namespace: "pcapper",
      uid: "u1",
      resourceVersion: "1",
      creationTimestamp: new Date().toISOString(),
    },
    spec,
  } satisfies PacketCapture;
}

/** As the API server decides: `status.x=y` and `status.x!=y`, each of which must hold. */
function selects(selector: string, status: PacketCapture["status"]): boolean {
  return selector.split(",").every((term) => {
    const [, field = "", not, value] = /^status\.(\w+)(!?)=(.*)$/.exec(term) ?? [];
    const is = (status as Record<string, unknown> | undefined)?.[field] ?? "";
    return not === "!" ? is !== value : is === value;
  });
}

/** An API server with one capture, seen by all agents, each request with a latency. */
function createCluster(first: PacketCapture, latency = 0) {
  const objects = new Map<string, unknown>();
  const agents: Answers[] = [];
  const events: string[] = [];
  const counts = { writes: 0, conflicts: 0, lists: 0 };
  let stored: PacketCapture | undefined = first;
  let away: KubernetesError | undefined;
  let lastSeen = performance.now();
  let lastFreeze = Number.NEGATIVE_INFINITY;

  const answer = async <T>(value: () => T): Promise<T> => {
    await new Promise((resolve) => setTimeout(resolve, latency / 2));
    if (away !== undefined) throw away;
    const result = value();
    await new Promise((resolve) => setTimeout(resolve, latency / 2));
    lastSeen = performance.now();
    return structuredClone(result);
  };

  const tellAll = (): void => {
    const { uid } = first.metadata;
    const now = stored?.metadata.uid === uid ? structuredClone(stored) : undefined;
    const seen = now?.status?.node === undefined ? now : undefined;
    setTimeout(() => {
      for (const agent of agents) agent.observe(uid ?? "", seen);
    }, latency / 2);
  };

  const set = (capture: PacketCapture | undefined): void => {
    stored = capture;
    tellAll();
  };

  const api = {
    get: <T>(path: string) => answer(() => (path === PATH ? stored : objects.get(path)) as T | undefined),
    list: <T>(_path: string, query: Record<string, string> = {}) =>
      answer(() => {
        counts.lists += 1;
        const fits = stored !== undefined && selects(query.fieldSelector ?? "", stored.status);
        return { items: (fits ? [stored] : []) as T[], resourceVersion: "1" };
      }),
    patchMerge: <T>(_path: string, body: unknown) =>
      answer(() => {
        const { metadata, status } = body as PacketCapture;
        counts.writes += 1;
        if (stored === undefined || stored.metadata.resourceVersion !== metadata.resourceVersion) {
          counts.conflicts += 1;
          throw new KubernetesError("Conflict", { status: 409 });
        }
        const resourceVersion = "2";
        set({
          ...stored,
          metadata: { ...stored.metadata, resourceVersion },
          status: { ...stored.status, ...status },
        });
        return stored as T;
      }),
    lastSeen: () => lastSeen,
  };
  const log: Log = {
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
    open: async () => undefined,
  };

  return {
    objects,
    events,
    counts,
    api,
    stored: () => stored,
    set,
    tellAll,
    freeze: () => {
      lastFreeze = performance.now();
    },
    setAway: (error: KubernetesError | undefined) => {
      away = error;
    },
    begin: (node: string, over: Partial<typeof api> = {}): Answers => {
      const agent = createAnswers({
        api: { ...api, ...over },
        store: { recordEvent: (_capture, { reason }) => void events.push(`${node} ${reason}`) },
        settings: { node, targetWait: 60, watchNamespace: "pcapper" },
        now: Date.now,
        monotonic: () => performance.now(),
        lastFreeze: () => lastFreeze,
        random: Math.random,
        log,
      });
      agents.push(agent);
      return agent;
    },
    close: () => {
      for (const agent of agents) agent.close();
    },
  };
}

let cluster: ReturnType<typeof createCluster>;

beforeEach(() => {
  vi.useFakeTimers();
  cluster = createCluster(unclaimed());
});

afterEach(async () => {
  cluster.close();
  // Answers under way.
  await seconds(5);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000);

describe("an unclaimed capture", () => {
  test("has its answer within TARGET_WAIT and 15 s, and not before", async () => {
    cluster.begin("node-1");
    cluster.tellAll();
    await seconds(59);
    expect(cluster.stored()?.status).toBeUndefined();
    await seconds(16);
    expect(cluster.stored()?.status).toMatchObject({ progress: "failure", reason: "TargetNotFound" });
    expect(cluster.events).toEqual(["node-1 TargetNotFound"]);
  });

  test("is told that no agent answers where its node exists", async () => {
    cluster.objects.set(NODE_PATH, { metadata: { name: "node-9" } });
    cluster.begin("node-1");
    cluster.tellAll();
    await seconds(75);
    expect(cluster.stored()?.status?.reason).toBe("NoAgent");
  });

  test("gets no answer when it is claimed in time", async () => {
    cluster.begin("node-1");
    cluster.tellAll();
    await seconds(30);
    cluster.set({ ...unclaimed(), status: { progress: "scheduled", node: "node-9" } });
    await seconds(60);
    expect(cluster.counts.writes).toBe(0);
  });

  test("gets no answer when it was claimed and no watch has said so yet", async () => {
    const claimed: PacketCapture = { ...unclaimed(), status: { progress: "scheduled", node: "node-9" } };
    cluster = createCluster(claimed);
    cluster.begin("node-1").observe("u1", unclaimed());
    await seconds(75);
    expect(cluster.counts.writes).toBe(0);
  });

  test("gets no answer when it is deleted, or another has its name", async () => {
    cluster.begin("node-1").observe("u1", unclaimed());
    const other = unclaimed();
    cluster.set({ ...other, metadata: { ...other.metadata, uid: "u2" } });
    await seconds(75);
    expect(cluster.counts.writes).toBe(0);
  });

  test("with a spec that slipped past admission is answered by its node's agent at once", async () => {
    cluster = createCluster(unclaimed({ targetNode: "node-9", targetInterface: "eth0", fileCount: "many" }));
    cluster.begin("node-1");
    cluster.begin("node-9");
    cluster.tellAll();
    await seconds(1);
    expect(cluster.events).toEqual(["node-9 InvalidSpec"]);
    await seconds(75);
    expect(cluster.counts.writes).toBe(1);
  });

  test("waits for as long as the target cannot be looked up", async () => {
    const get = <T>(path: string): Promise<T | undefined> => {
      if (path === NODE_PATH) throw new KubernetesError("Forbidden", { status: 403 });
      return cluster.api.get(path);
    };
    cluster.begin("node-1", { get });
    cluster.tellAll();
    await seconds(600);
    expect(cluster.counts.writes).toBe(0);
  });
});

describe("while the API is away", () => {
  const AWAY = new KubernetesError("away", { status: 0 });

  test("nothing is answered, and the wait begins anew when it is back", async () => {
    cluster.objects.set(NODE_PATH, { metadata: { name: "node-9" } });
    const agent = cluster.begin("node-1");
    cluster.tellAll();
    await seconds(40);
    cluster.setAway(AWAY);
    agent.lostSight();
    await seconds(300);
    cluster.setAway(undefined);
    // A reflector's list.
    void cluster.api.list("");
    await seconds(55);
    expect(cluster.stored()?.status).toBeUndefined();
    await seconds(25);
    expect(cluster.stored()?.status?.reason).toBe("NoAgent");
  });

  test("a write that arrived without an answer is no second one, and has its Event", async () => {
    const patchMerge = async <T>(path: string, body: unknown): Promise<T> => {
      await cluster.api.patchMerge<T>(path, body);
      throw AWAY;
    };
    cluster.begin("node-1", { patchMerge });
    cluster.tellAll();
    await seconds(400);
    expect(cluster.counts.writes).toBe(1);
    expect(cluster.events).toEqual(["node-1 TargetNotFound"]);
  });
});

describe("an agent that stood still", () => {
  test("answers nothing for what went by meanwhile, and counts anew from its next look at the API", async () => {
    cluster.objects.set(NODE_PATH, { metadata: { name: "node-9" } });
    cluster.begin("node-1");
    cluster.tellAll();
    await seconds(58);
    cluster.freeze();
    await seconds(1);
    // A reflector's list.
    void cluster.api.list("");
    await seconds(58);
    expect(cluster.stored()?.status).toBeUndefined();
    await seconds(120);
    expect(cluster.stored()?.status?.reason).toBe("NoAgent");
  });

  test("does not say that another's agent is lost by what it saw before", async () => {
    const scheduledTime = new Date(Date.now() - 3_600_000).toISOString();
    cluster = createCluster({
      ...unclaimed({ targetNode: "node-9", targetInterface: "eth0", captureSeconds: 10 }),
      status: { progress: "running", node: "node-9", scheduledTime },
    });
    // A freeze just before each moment at which something might be said.
    const api = { ...cluster.api };
    const list: typeof api.list = async (...query) => {
      const page = await cluster.api.list(...query);
      cluster.freeze();
      return page as never;
    };
    cluster.begin("node-1", { list });
    await seconds(1000);
    expect(cluster.counts.lists).toBeGreaterThan(2);
    expect(cluster.counts.writes).toBe(0);
  });
});

describe("a capture whose agent is gone", () => {
  const claimed = (): PacketCapture => ({
    ...unclaimed({ targetNode: "node-9", targetInterface: "eth0", captureSeconds: 10 }),
    status: { progress: "running", node: "node-9", scheduledTime: new Date().toISOString() },
  });

  test("is found by a list, and answered once by two agents", async () => {
    cluster = createCluster(claimed());
    cluster.begin("node-1");
    cluster.begin("node-2");
    await seconds(120);
    expect(cluster.counts.writes).toBe(0);
    await seconds(200);
    expect(cluster.stored()?.status).toMatchObject({
      progress: "failure",
      reason: "AgentLost",
      node: "node-9",
    });
    expect(cluster.events).toHaveLength(1);
  });

  test("is left to its own agent", async () => {
    cluster = createCluster(claimed());
    cluster.begin("node-9");
    await seconds(1000);
    expect(cluster.counts.writes).toBe(0);
  });
});

describe("a thousand agents", () => {
  test("with a second of latency make two or three writes, not a thousand", () => {
    const trials = 300;
    let writes = 0;
    for (let trial = 0; trial < trials; trial += 1) {
      const delays = Array.from({ length: 1000 }, () => weightedDelay(12_000, Math.random()));
      const first = Math.min(...delays);
      writes += delays.filter((delay) => delay <= first + 1000).length;
    }
    expect(writes / trials).toBeLessThan(3);
  });

  test("give one answer, whole agents beside each other", async () => {
    cluster = createCluster(unclaimed(), 1000);
    for (let number = 0; number < 1000; number += 1) cluster.begin(`agent-${number}`);
    cluster.tellAll();
    await seconds(77);
    expect(cluster.stored()?.status?.reason).toBe("TargetNotFound");
    expect(cluster.events).toHaveLength(1);
    expect(cluster.counts.writes).toBeLessThan(12);
  });

  test("look for lost captures a few times a minute in all", async () => {
    cluster.objects.set("/api/v1/namespaces/pcapper/pods?limit=1", {
      items: [{}],
      metadata: { remainingItemCount: 999 },
    });
    for (let number = 0; number < 1000; number += 1) cluster.begin(`agent-${number}`);
    await seconds(600);
    expect(cluster.counts.lists / 10).toBeLessThan(40);
    expect(cluster.counts.lists).toBeGreaterThan(0);
  });
});
