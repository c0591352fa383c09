import { expect, test } from "vitest";
import { clusterFacts } from "../../../../src/agent/cluster/cluster-facts.ts";
import { KubernetesError } from "../../../../src/kubernetes/api.ts";

const HOME = { metadata: { name: "kube-system", uid: "c1" } };
const NODE = {
  status: {
    addresses: [
      { type: "InternalIP", address: "10.0.0.1" },
      { type: "Hostname", address: "n" },
      { type: "InternalIP", address: "fd00::1" },
    ],
  },
};

/** Answers questions for the home namespace in turn; nodes are answered as they are. */
async function factsAfter(homes: unknown[], node: unknown = NODE) {
  const said: string[] = [];
  const stop = new AbortController();
  const api = {
    get: async <T>(path: string): Promise<T | undefined> => {
      if (path === "/api/v1/nodes/n") return node as T;
      const next = homes.shift();
      if (next instanceof Error) throw next;
      return next as T | undefined;
    },
    onReturn: () => () => undefined,
  };
  const facts = await clusterFacts(api, "n", stop.signal, (line) => said.push(line));
  return { facts, said };
}

test("the cluster's name is the uid of kube-system, the node's addresses are its own words", async () => {
  const { facts, said } = await factsAfter([HOME]);
  expect(facts).toEqual({ cluster: "c1", nodeIPs: ["10.0.0.1", "fd00::1"] });
  expect(said).toEqual([]);
});

test("it asks until it is answered; why a request failed is told elsewhere", async () => {
  const refused = new KubernetesError("GET: 403", { status: 403 });
  const { facts, said } = await factsAfter([refused, new KubernetesError("GET: away", { status: 0 }), HOME]);
  expect(facts.cluster).toBe("c1");
  expect(said).toEqual([]);
});

test("a cluster that has no kube-system yet is waited for, and that is said once", async () => {
  const { facts, said } = await factsAfter([undefined, undefined, undefined, HOME]);
  expect(facts.cluster).toBe("c1");
  expect(said).toEqual([
    "The cluster has no namespace kube-system, whose uid is its name here: waiting for it.",
  ]);
});

test("a node that the API server does not know has no addresses", async () => {
  expect((await factsAfter([HOME], null)).facts.nodeIPs).toEqual([]);
});

test("told to end, it asks no more", async () => {
  const stop = new AbortController();
  const api = {
    get: async () => {
      stop.abort(new Error("SIGTERM"));
      throw new KubernetesError("GET: away", { status: 0 });
    },
    onReturn: () => () => undefined,
  };
  await expect(clusterFacts(api, "n", stop.signal, () => undefined)).rejects.toThrow("SIGTERM");
});
