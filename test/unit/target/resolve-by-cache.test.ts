import { statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cniResult, type FakeNode, failureOf, makeFakeNode, OTHER_UID, pod, UID } from "./fake-node.ts";

let node: FakeNode;
beforeEach(() => {
  node = makeFakeNode();
  node.namespace("cni-1", { eth0: ["10.0.0.5", "fe80::1"], net1: ["172.16.0.5"] });
  node.namespace("cni-2", { eth0: ["10.0.0.6"] });
  node.result("pods-1-eth0", cniResult({ uid: UID, netns: "/var/run/netns/cni-1" }));
  node.result("pods-2-eth0", cniResult({ uid: OTHER_UID, name: "db", netns: "/var/run/netns/cni-2" }));
});
afterEach(() => node.remove());

describe("a pod that the CNI cache knows by UID", () => {
  test("is the cache's namespace, and no other is entered", async () => {
    const path = join(node.netnsFolder, "cni-1");
    const { dev, ino } = statSync(path);
    expect(await node.resolve({ pod: pod({}) })).toEqual({
      networkNamespace: path,
      namespaceId: `${dev}:${ino}`,
      interfaceName: "eth0",
      scope: "pod",
      podUID: UID,
      podIP: "10.0.0.5",
    });
    expect(node.looks).toEqual(["cni-1"]);
  });

  test("has several networks in several results", async () => {
    node.result("storage-1-net1", cniResult({ uid: UID, ifName: "net1", netns: "/run/netns/cni-1" }));
    expect(await node.resolve({ pod: pod({}) })).toMatchObject({ interfaceName: "eth0" });
    expect(await node.resolve({ pod: pod({}), interfaceName: "net1" })).toMatchObject({
      interfaceName: "net1",
    });
  });

  test("is told from a pod that has added its address", async () => {
    node.namespace("cni-2", { eth0: ["10.0.0.6", "10.0.0.5"] });
    expect(await node.resolve({ pod: pod({}) })).toMatchObject({
      networkNamespace: join(node.netnsFolder, "cni-1"),
    });
  });

  test("is told from its earlier sandbox, whose result was left behind", async () => {
    node.namespace("cni-0", { eth0: ["10.0.0.4"] });
    node.result("pods-0-eth0", cniResult({ uid: UID, netns: "/var/run/netns/cni-0" }));
    node.result("pods-00-eth0", cniResult({ uid: UID, netns: "/var/run/netns/cni-of-before-the-reboot" }));
    expect(await node.resolve({ pod: pod({}) })).toMatchObject({
      networkNamespace: join(node.netnsFolder, "cni-1"),
    });
  });

  test("may be a static pod, whose UID on the node is its hash", async () => {
    const annotations = { "kubernetes.io/config.hash": "a1b2" };
    node.result("pods-1-eth0", cniResult({ uid: "a1b2", netns: "/var/run/netns/cni-1" }));
    expect(await node.resolve({ pod: pod({ metadata: { annotations } }) })).toMatchObject({ podUID: UID });
  });

  test("of dual stack may have switched IPv6 off", async () => {
    const podIPs = [{ ip: "10.0.0.5" }, { ip: "fd00::5" }];
    expect(await node.resolve({ pod: pod({ status: { podIPs } }) })).toMatchObject({ interfaceName: "eth0" });
  });

  test("of IPv6 only is found however its address is written", async () => {
    node.namespace("cni-1", { eth0: ["fd00::5", "fe80::1"] });
    expect(await node.resolve({ pod: pod({ status: { podIP: "FD00:0::0005" } }) })).toMatchObject({
      interfaceName: "eth0",
      podIP: "fd00::5",
    });
  });

  test("whose IP is on two interfaces is captured on the one the cache names", async () => {
    node.namespace("cni-1", { bond0: ["10.0.0.5"], eth0: ["10.0.0.5"] });
    expect(await node.resolve({ pod: pod({}) })).toMatchObject({ interfaceName: "eth0" });
  });

  test("without the named interface is a failure that lists what it has", async () => {
    const { reason, message } = await failureOf(node.resolve({ pod: pod({}), interfaceName: "net7" }));
    expect(reason).toBe("InterfaceNotFound");
    expect(message).toBe(
      'spec.targetInterface is "net7": pod shop/web has no such interface; it has lo, eth0, net1.',
    );
  });
});

describe("where cache and IP disagree there is no guess", () => {
  test("another address in the cache's namespace, though a second namespace carries the pod's", async () => {
    node.namespace("cni-1", { eth0: ["10.0.0.7"] });
    node.namespace("cni-3", { eth0: ["10.0.0.5"] });
    const { reason, message } = await failureOf(node.resolve({ pod: pod({}) }));
    expect(reason).toBe("PodNetworkNotFound");
    expect(message).toBe(
      "the network of pod shop/web (10.0.0.5) was not found: by the CNI cache it is " +
        "/var/run/netns/cni-1 (it carries 10.0.0.7), which does not fit.",
    );
  });

  test("the pod's IP on loopback does not count", async () => {
    node.namespace("cni-1", { lo: ["10.0.0.5"], eth0: [] });
    const { message } = await failureOf(node.resolve({ pod: pod({}) }));
    expect(message).toContain("/var/run/netns/cni-1 (it carries no address)");
  });

  test("the cache's namespace is gone", async () => {
    node.removeNamespace("cni-1");
    const { reason, message } = await failureOf(node.resolve({ pod: pod({}) }));
    expect(reason).toBe("PodNetworkNotFound");
    expect(message).toContain(`/var/run/netns/cni-1 (not in ${node.netnsFolder})`);
  });

  test("the cache's namespace is in no folder that is mounted here", async () => {
    node.namespace("net", { eth0: ["10.0.0.5"] });
    node.result("pods-1-eth0", cniResult({ uid: UID, netns: "/proc/4711/ns/net" }));
    const { message } = await failureOf(node.resolve({ pod: pod({}) }));
    expect(message).toContain("/proc/4711/ns/net (not in ");
  });

  test("two namespaces of the pod carry its IP", async () => {
    node.namespace("cni-3", { eth0: ["10.0.0.5"] });
    node.result("pods-3-eth0", cniResult({ uid: UID, netns: "/var/run/netns/cni-3" }));
    const { reason, message } = await failureOf(node.resolve({ pod: pod({}) }));
    expect(reason).toBe("PodNetworkNotFound");
    expect(message).toContain(`may be any of ${node.netnsFolder}/cni-1, ${node.netnsFolder}/cni-3: `);
  });

  test("what lies under the name is no namespace", async () => {
    node.closed("cni-1", "PodNetworkNotFound", "cni-1 is not a network namespace");
    const { message } = await failureOf(node.resolve({ pod: pod({}) }));
    expect(message).toContain("/var/run/netns/cni-1 (cni-1 is not a network namespace)");
  });
});

describe("errors of the engine", () => {
  test("without CAP_SYS_ADMIN the sentence says what captures of pods need", async () => {
    node.closed("cni-1", "PermissionDenied", "entering cni-1: Operation not permitted");
    const { reason, message } = await failureOf(node.resolve({ pod: pod({}) }));
    expect(reason).toBe("PermissionDenied");
    expect(message).toBe(
      "entering cni-1: Operation not permitted: captures of pods need the capability SYS_ADMIN in the agent's securityContext.",
    );
  });

  test("any other keeps its text", async () => {
    node.closed("cni-1", "CaptureError", "listing interfaces: Out of memory");
    const { reason, message } = await failureOf(node.resolve({ pod: pod({}) }));
    expect({ reason, message }).toEqual({
      reason: "CaptureError",
      message: "listing interfaces: Out of memory.",
    });
  });
});

describe("a namespace replaced under its name while it is looked at", () => {
  test("once: everything is looked at again", async () => {
    node.onLook(() => {
      if (node.looks.length === 1) node.replace("cni-1");
    });
    const { namespaceId } = await node.resolve({ pod: pod({}) });
    const { dev, ino } = statSync(join(node.netnsFolder, "cni-1"));
    expect(namespaceId).toBe(`${dev}:${ino}`);
    expect(node.looks).toEqual(["cni-1", "cni-1"]);
  });

  test("twice: a failure", async () => {
    node.onLook((name) => node.replace(name));
    const { reason, message } = await failureOf(node.resolve({ pod: pod({}) }));
    expect(reason).toBe("PodNetworkNotFound");
    expect(message).toContain("was replaced twice");
  });

  test("gone: a failure", async () => {
    node.onLook((name) => node.removeNamespace(name));
    const { reason, message } = await failureOf(node.resolve({ pod: pod({}) }));
    expect(reason).toBe("PodNetworkNotFound");
    expect(message).toContain("/var/run/netns/cni-1 (not in ");
  });
});
