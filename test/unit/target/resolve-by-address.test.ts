import { linkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cniResult, type FakeNode, failureOf, makeFakeNode, OTHER_UID, pod } from "./fake-node.ts";

let node: FakeNode;
beforeEach(() => {
  node = makeFakeNode();
  node.namespace("a", { eth0: ["10.0.0.4"] });
  node.namespace("b", { eth0: ["10.0.0.5", "fd00::5"], net1: ["172.16.0.5"] });
});
afterEach(() => node.remove());

const BOTH = [{ ip: "10.0.0.5" }, { ip: "fd00::5" }];

describe("a pod that the CNI cache does not know", () => {
  test.each(["no cache folder", "an empty one", "results of others", "torn results"])(
    "is the one namespace with its IP: %s",
    async (cache) => {
      if (cache === "no cache folder") rmSync(node.cniCacheFolder, { recursive: true });
      if (cache === "results of others")
        node.result("r", cniResult({ uid: OTHER_UID, netns: "/run/netns/a" }));
      if (cache === "torn results") node.result("r", '{"kind":"cniCacheV1","cniArgs":[["K8S_');
      expect(await node.resolve({ pod: pod({}) })).toMatchObject({
        networkNamespace: join(node.netnsFolder, "b"),
        interfaceName: "eth0",
        scope: "pod",
      });
    },
  );

  test("of dual stack is the one with both", async () => {
    const resolved = await node.resolve({ pod: pod({ status: { podIPs: BOTH } }), interfaceName: "net1" });
    expect(resolved).toMatchObject({ networkNamespace: join(node.netnsFolder, "b"), interfaceName: "net1" });
  });

  test("is known by name to a runtime that gives no UID; that is no proof, the IP is", async () => {
    node.result("r", cniResult({ netns: "/run/netns/b" }));
    expect(await node.resolve({ pod: pod({}) })).toMatchObject({ interfaceName: "eth0" });
  });

  test("may have its namespace mounted under two names", async () => {
    linkSync(join(node.netnsFolder, "b"), join(node.netnsFolder, "b-again"));
    node.namespace("b-again", { eth0: ["10.0.0.5"] });
    expect(await node.resolve({ pod: pod({}) })).toMatchObject({
      networkNamespace: join(node.netnsFolder, "b"),
    });
  });
});

describe("where the IP is not enough there is no guess", () => {
  test("a leftover namespace carries it too: both are named", async () => {
    node.namespace("leftover", { eth0: ["10.0.0.5"] });
    const { reason, message } = await failureOf(node.resolve({ pod: pod({}) }));
    expect(reason).toBe("PodNetworkNotFound");
    expect(message).toContain(`may be any of ${node.netnsFolder}/b, ${node.netnsFolder}/leftover: `);
  });

  test("only a pod that added the address carries it", async () => {
    node.removeNamespace("b");
    node.namespace("thief", { eth0: ["10.0.0.9", "10.0.0.5"] });
    node.result("r", cniResult({ uid: OTHER_UID, name: "thief", netns: "/run/netns/thief" }));
    const { reason, message } = await failureOf(node.resolve({ pod: pod({}) }));
    expect(reason).toBe("PodNetworkNotFound");
    expect(message).toContain("(there: 2, of other pods: 1)");
    expect(node.looks).not.toContain("thief");
  });

  test("another pod's namespace does not count, by the pod's name where there is no UID", async () => {
    node.namespace("thief", { eth0: ["10.0.0.9", "10.0.0.5"] });
    node.result("r", cniResult({ name: "thief", netns: "/run/netns/thief" }));
    expect(await node.resolve({ pod: pod({}) })).toMatchObject({
      networkNamespace: join(node.netnsFolder, "b"),
    });
  });

  test("another pod's namespace does not count under a second name either", async () => {
    node.result("r", cniResult({ uid: OTHER_UID, netns: "/run/netns/b" }));
    linkSync(join(node.netnsFolder, "b"), join(node.netnsFolder, "b-again"));
    expect((await failureOf(node.resolve({ pod: pod({}) }))).reason).toBe("PodNetworkNotFound");
    expect(node.looks).toEqual(["a"]);
  });

  test("a namespace with one of two IPs is not the pod's", async () => {
    node.namespace("b", { eth0: ["10.0.0.5"] });
    const { reason, message } = await failureOf(node.resolve({ pod: pod({ status: { podIPs: BOTH } }) }));
    expect(reason).toBe("PodNetworkNotFound");
    expect(message).toContain(`${node.netnsFolder}/b carries 10.0.0.5 but not fd00::5`);
  });

  test("each IP in a namespace of its own: both are named", async () => {
    node.namespace("a", { eth0: ["fd00::5"] });
    node.namespace("b", { eth0: ["10.0.0.5"] });
    const { message } = await failureOf(node.resolve({ pod: pod({ status: { podIPs: BOTH } }) }));
    expect(message).toContain(`may be any of ${node.netnsFolder}/a, ${node.netnsFolder}/b: `);
  });

  test("nobody carries it: the sentence says what was looked at", async () => {
    node.closed("c", "PodNetworkNotFound", "c is not a network namespace");
    node.result("torn", "{");
    const { reason, message } = await failureOf(
      node.resolve({ pod: pod({ status: { podIP: "10.9.9.9" } }) }),
    );
    expect(reason).toBe("PodNetworkNotFound");
    expect(message).toBe(
      `the network of pod shop/web (10.9.9.9) was not found: the CNI cache ${node.cniCacheFolder} does not know the pod ` +
        "(results of pods: 0, others: torn: not a JSON object), and no namespace in " +
        `${node.netnsFolder} carries its IP (there: 3, of other pods: 0; not entered: c is not a network namespace).`,
    );
  });

  test("there is no folder of namespaces", async () => {
    rmSync(node.netnsFolder, { recursive: true });
    const { reason, message } = await failureOf(node.resolve({ pod: pod({}) }));
    expect(reason).toBe("PodNetworkNotFound");
    expect(message).toContain(`the folder of network namespaces ${node.netnsFolder} cannot be read: ENOENT`);
  });

  test("the first namespace that may not be entered ends the search", async () => {
    node.closed("a", "PermissionDenied", "entering a: Operation not permitted");
    expect((await failureOf(node.resolve({ pod: pod({}) }))).reason).toBe("PermissionDenied");
    expect(node.looks).toEqual(["a"]);
  });

  test("a sentence fits an Event, whatever lies around", async () => {
    for (let at = 0; at < 300; at += 1) {
      node.closed(`c${at}${"x".repeat(80)}`, "PodNetworkNotFound", `${"y".repeat(150)} is no namespace`);
      node.result(`torn${at}${"x".repeat(80)}`, "{");
    }
    const { message } = await failureOf(node.resolve({ pod: pod({ status: { podIP: "10.9.9.9" } }) }));
    expect(message.length).toBeLessThan(1024);
  });
});

test("a pod that has ended is never looked for: its address may be another's by now", async () => {
  const { reason, message } = await failureOf(node.resolve({ pod: pod({ status: { phase: "Succeeded" } }) }));
  expect(reason).toBe("PodNetworkNotFound");
  expect(message).toContain("pod shop/web is Succeeded");
  expect(node.looks).toEqual([]);
});
