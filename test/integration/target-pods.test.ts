import { readdirSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CaptureReport, loadNative } from "../../src/capture/native.ts";
import { resolveTarget } from "../../src/target/resolve-target.ts";
import { type ResolvedTarget, TargetFailure, type TargetPod } from "../../src/target/target.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { type CniNode, makeCniNode, type NodePod, type PodOptions } from "../helpers/cni-node.ts";
import { ENGINE_OPTIONS } from "../helpers/engine-options.ts";
import { possibleHere } from "../helpers/link-kinds.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";

const native = loadNative();
const NODE = "node-a";
let node: CniNode;

/** Resolves a Running pod `name` whose UID is `uid-NAME`. */
function resolve(
  name: string,
  status: Partial<TargetPod["status"]>,
  more: { interfaceName?: string; hostNetwork?: boolean } = {},
): Promise<ResolvedTarget> {
  const { interfaceName, hostNetwork = false } = more;
  const pod: TargetPod = {
    metadata: { namespace: "shop", name, uid: `uid-${name}` },
    spec: { nodeName: NODE, hostNetwork },
    status: { phase: "Running", ...status },
  };
  const { netnsFolder, cniCacheFolder } = node;
  return resolveTarget(
    native,
    { kind: "pod", namespace: "shop", pod: name, ...(interfaceName && { interfaceName }) },
    { node: NODE, nodeIPs: [], pod, netnsFolder, cniCacheFolder },
  );
}

async function failureOf(promise: Promise<unknown>): Promise<TargetFailure> {
  const failure = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof TargetFailure) return failure;
  throw new Error("no TargetFailure", { cause: failure });
}

describeAsRoot("pods with real networks", () => {
  beforeAll(async () => {
    node = await makeCniNode();
  });
  afterAll(() => node.remove());

  const dual = { podIP: "10.1.0.6", podIPs: [{ ip: "10.1.0.6" }, { ip: "FD00:1:0::6" }] };
  const cases: [string, PodOptions, Partial<TargetPod["status"]>][] = [
    ["veth-bridge", { addresses: ["10.1.0.1/24"] }, { podIP: "10.1.0.1" }],
    ["ptp", { addresses: ["10.1.0.2/32"], kind: "ptp" }, { podIP: "10.1.0.2" }],
    ["macvlan", { addresses: ["10.1.0.3/24"], kind: "macvlan" }, { podIP: "10.1.0.3" }],
    ["ipvlan", { addresses: ["10.1.0.4/24"], kind: "ipvlan" }, { podIP: "10.1.0.4" }],
    ["ipv6-only", { addresses: ["fd00:1::5/64"] }, { podIP: "fd00:1:0:0::0005" }],
    ["dual-stack", { addresses: ["10.1.0.6/24", "fd00:1::6/64"] }, dual],
    ["user-namespace", { addresses: ["10.1.0.7/24"], userNamespace: true }, { podIP: "10.1.0.7" }],
    ["odd-name", { addresses: ["10.1.0.8/24"], interfaceName: "ens0.4@x" }, { podIP: "10.1.0.8" }],
  ];
  describe.each(possibleHere(cases))("%s", (name, options, status) => {
    test("is found by IP, then by UID, and is the same namespace", async () => {
      const pod = await node.addPod(name, options);
      const expected = {
        networkNamespace: pod.path,
        namespaceId: pod.id,
        interfaceName: options.interfaceName ?? "eth0",
        scope: "pod",
        podUID: `uid-${name}`,
      };
      expect(await resolve(name, status)).toMatchObject(expected);
      node.result(`uid-${name}`, name, options.interfaceName);
      expect(await resolve(name, status)).toMatchObject(expected);
    });
  });

  test("two interfaces: the one with the pod's IP, or the other by name", async () => {
    const pod = await node.addPod("two", { addresses: ["10.1.1.1/24"] });
    await node.attach(pod, { addresses: ["172.16.1.1/24"], kind: "macvlan", interfaceName: "net1" });
    const status = { podIP: "10.1.1.1" };
    expect(await resolve("two", status)).toMatchObject({ interfaceName: "eth0" });
    const second = await resolve("two", status, { interfaceName: "net1" });
    expect(second).toMatchObject({ interfaceName: "net1", networkNamespace: pod.path });
    const { reason, message } = await failureOf(resolve("two", status, { interfaceName: "net2" }));
    expect(reason).toBe("InterfaceNotFound");
    expect(message).toMatch(/: pod shop\/two has no such interface; it has lo, .*eth0.*, net1/);
  });

  test("a namespace that takes the name after the look is not captured on", async () => {
    await node.addPod("swapped", { addresses: ["10.1.2.1/24"] });
    const { networkNamespace, namespaceId, interfaceName } = await resolve("swapped", { podIP: "10.1.2.1" });
    const { network } = await node.addPod("taker", { addresses: ["10.1.2.2/24"] });
    node.mount(network, "swapped");
    const folder = makeTemporaryFolder();
    const ended = await new Promise<CaptureReport>((resolve) => {
      const options = {
        ...ENGINE_OPTIONS,
        networkNamespace,
        namespaceId,
        interfaceName,
        folder: folder.path,
      };
      native.startCapture(options, (report) => {
        if (report.state === "ended") resolve(report);
      });
    });
    const message = `${networkNamespace} is another network namespace than the one that was looked at`;
    expect(ended).toMatchObject({ end: { reason: "PodNetworkNotFound", message }, startTime: 0 });
    expect(readdirSync(folder.path)).toEqual([]);
    folder.remove();
  });

  test("on the node's network: the node's interface that carries its IP", async () => {
    const outside = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
      addresses
        .filter(({ internal, scopeid }) => !internal && !scopeid)
        .map(({ address }) => ({ name, address })),
    );
    const [first] = outside;
    if (first === undefined) return expect(outside).toEqual([]);
    const status = { podIP: first.address, hostIP: first.address };
    expect(await resolve("host", status, { hostNetwork: true })).toMatchObject({
      networkNamespace: "",
      namespaceId: "",
      interfaceName: first.name,
      scope: "node",
    });
    return undefined;
  });
});

describeAsRoot("the same IP in two namespaces of a node", () => {
  let web: NodePod;
  const status = { podIP: "10.2.0.1" };
  beforeAll(async () => {
    node = await makeCniNode();
    web = await node.addPod("web", { addresses: ["10.2.0.1/24"] });
  });
  afterAll(() => node.remove());

  test("a leftover without an owner: both are named; with the cache the right one is taken", async () => {
    const leftover = await node.addPod("leftover", { addresses: ["10.2.0.1/24"] });
    // Its processes are gone, its mount keeps it.
    leftover.network.remove();
    const { reason, message } = await failureOf(resolve("web", status));
    expect(reason).toBe("PodNetworkNotFound");
    expect(message).toContain(`may be any of ${leftover.path}, ${web.path}: `);
    node.result("uid-web", "web");
    expect(await resolve("web", status)).toMatchObject({ namespaceId: web.id });
    node.unmount("leftover");
  });

  test("a pod that has given itself the address: its namespace never counts", async () => {
    const thief = await node.addPod("thief", { addresses: ["10.2.0.66/24"] });
    await thief.network.run("ip", "addr", "add", "10.2.0.1/24", "dev", "eth0");
    node.result("uid-thief", "thief");
    expect(await resolve("web", status)).toMatchObject({ namespaceId: web.id });
    // Another pod that is said to have the thief's IP, and that the cache does not know.
    expect(await failureOf(resolve("unknown", { podIP: "10.2.0.66" }))).toMatchObject({
      reason: "PodNetworkNotFound",
    });
    expect(await resolve("thief", { podIP: "10.2.0.66" })).toMatchObject({ namespaceId: thief.id });
  });

  test("a Succeeded pod whose address has a new owner", async () => {
    const { reason, message } = await failureOf(resolve("old", { ...status, phase: "Succeeded" }));
    expect(reason).toBe("PodNetworkNotFound");
    expect(message).toContain("pod shop/old is Succeeded");
  });

  test("a file that is no namespace is told apart, not entered", async () => {
    writeFileSync(join(node.netnsFolder, "plain"), "");
    const { message } = await failureOf(resolve("nobody", { podIP: "10.2.9.9" }));
    expect(message).toContain("plain is not a network namespace");
  });
});
