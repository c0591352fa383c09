import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadNative } from "../../src/capture/native.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { type CniNode, makeCniNode } from "../helpers/cni-node.ts";
import { execute } from "../helpers/execute.ts";
import { waitUntil } from "../helpers/wait-until.ts";

const SOURCES = join(import.meta.dirname, "../../src");
let node: CniNode;

/** A program that resolves a pod with 10.4.0.1 and prints what comes of it. */
function program(): string {
  const metadata = { namespace: "shop", name: "web", uid: "uid-web" };
  const pod = { metadata, spec: { nodeName: "node-a" }, status: { phase: "Running", podIP: "10.4.0.1" } };
  const { netnsFolder, cniCacheFolder } = node;
  const surroundings = { node: "node-a", nodeIPs: [], pod, netnsFolder, cniCacheFolder };
  return `
    import { loadNative } from "${SOURCES}/capture/native.ts";
    import { resolveTarget } from "${SOURCES}/target/resolve-target.ts";
    const target = { kind: "pod", namespace: "shop", pod: "web" };
    resolveTarget(loadNative(), target, ${JSON.stringify(surroundings)}).then(
      ({ scope, interfaceName }) => console.log(scope, interfaceName),
      ({ reason, message }) => console.log(reason, message),
    );`;
}

async function withRights(...setpriv: string[]): Promise<string> {
  const { stdout, stderr } = await execute([
    "setpriv",
    ...setpriv,
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    "--input-type=module",
    "--eval",
    program(),
  ]);
  return stdout + stderr;
}

describeAsRoot("the rights that a pod's network takes", () => {
  beforeAll(async () => {
    node = await makeCniNode();
    await node.addPod("web", { addresses: ["10.4.0.1/24"] });
  });
  afterAll(() => node.remove());

  test("SYS_ADMIN alone is enough to look inside", async () => {
    expect(await withRights("--bounding-set=-all,+sys_admin")).toBe("pod eth0\n");
  });

  test("without it the sentence says what is needed", async () => {
    const told = await withRights("--bounding-set=-sys_admin");
    expect(told).toMatch(/^PermissionDenied entering the network namespace .*\/web: Operation not permitted/);
    expect(told).toContain("captures of pods need the capability SYS_ADMIN");
  });
});

describeAsRoot("looking into a namespace", () => {
  beforeAll(async () => {
    node = await makeCniNode();
  });
  afterAll(() => node.remove());

  test("does not keep it alive", async () => {
    const before = await node.countLinks();
    const pod = await node.addPod("short", { addresses: ["10.4.0.2/24"] });
    expect(await node.countLinks()).toBe(before + 1);
    const names = (await loadNative().interfacesIn(pod.path)).map(({ name }) => name);
    expect(names).toContain("eth0");
    pod.network.remove();
    node.unmount("short");
    await waitUntil("the pod's veth to go", async () => (await node.countLinks()) === before);
  });

  test("leaves this process where it is, also many at once", async () => {
    const pod = await node.addPod("long", { addresses: ["10.4.0.3/24"] });
    const native = loadNative();
    const own = native.interfaceIndex("eth0");
    const seen = await Promise.all(Array.from({ length: 100 }, () => native.interfacesIn(pod.path)));
    for (const interfaces of seen) {
      expect(interfaces.flatMap(({ addresses }) => addresses)).toContain("10.4.0.3");
    }
    expect((await native.interfacesIn("")).flatMap(({ addresses }) => addresses)).not.toContain("10.4.0.3");
    expect(native.interfaceIndex("eth0")).toBe(own);
  });
});
