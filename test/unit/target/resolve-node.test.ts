import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakeNode, failureOf, type Interfaces, makeFakeNode, NODE, pod, UID } from "./fake-node.ts";

let node: FakeNode;
beforeEach(() => {
  node = makeFakeNode();
});
afterEach(() => node.remove());

describe("a node's interface", () => {
  test.each(["eth0", "lo", "any"])("%s is taken by name, in this process's own namespace", async (name) => {
    expect(await node.resolveOnNode(name)).toEqual({
      networkNamespace: "",
      namespaceId: "",
      interfaceName: name,
      scope: "node",
    });
  });

  test("that does not exist is a failure that lists what does", async () => {
    const { reason, message } = await failureOf(node.resolveOnNode("eth9"));
    expect(reason).toBe("InterfaceNotFound");
    expect(message).toBe(
      'spec.targetInterface is "eth9": node node-a has no such interface; it has lo, eth0, cni0 and any.',
    );
  });
});

describe("a pod on the node's network", () => {
  const hostPod = pod({ spec: { hostNetwork: true }, status: { podIP: "192.0.2.10" } });

  test("is the node's interface that carries the node's IP", async () => {
    expect(await node.resolve({ pod: hostPod })).toEqual({
      networkNamespace: "",
      namespaceId: "",
      interfaceName: "eth0",
      scope: "node",
      podUID: UID,
      podIP: "192.0.2.10",
    });
  });

  test("with an interface by name is that interface of the node", async () => {
    expect(await node.resolve({ pod: hostPod, interfaceName: "cni0" })).toMatchObject({
      interfaceName: "cni0",
      scope: "node",
    });
  });

  test("never is everything on the node", async () => {
    const { reason, message } = await failureOf(node.resolve({ pod: hostPod, interfaceName: "any" }));
    expect(reason).toBe("InterfaceNotFound");
    expect(message).toContain(`node ${NODE}, whose network the pod uses, has no such interface`);
  });

  const cases: [string, Interfaces, string[], string][] = [
    ["the Node's own addresses help", { eth0: ["198.51.100.1"] }, ["198.51.100.1"], "eth0"],
    ["of two the one that is up", { "eth0-down": ["192.0.2.10"], eth1: ["192.0.2.10"] }, [], "eth1"],
    ["one that is down, where no other has it", { "eth0-down": ["192.0.2.10"] }, [], "eth0-down"],
  ];
  test.each(cases)("%s", async (_what, ofNode, nodeIPs, interfaceName) => {
    const other = makeFakeNode(ofNode);
    const resolved = await other.resolve({ pod: hostPod, nodeIPs });
    other.remove();
    expect(resolved).toMatchObject({ interfaceName, networkNamespace: "" });
  });

  const failures: [string, Interfaces, string][] = [
    ["two interfaces carry it", { eth0: ["192.0.2.10"], eth1: ["192.0.2.10"] }, "name one of eth0, eth1 in"],
    ["none carries it", { eth0: ["198.51.100.1"] }, "name one of lo, eth0 in spec.targetInterface"],
    ["only loopback carries it", { lo: ["192.0.2.10"], eth0: [] }, "no interface of node node-a"],
  ];
  test.each(failures)("no guess where %s", async (_what, ofNode, sentence) => {
    const other = makeFakeNode(ofNode);
    const { reason, message } = await failureOf(other.resolve({ pod: hostPod }));
    other.remove();
    expect(reason).toBe("InterfaceNotFound");
    expect(message).toContain(sentence);
  });
});
