import { statSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { namespaceId } from "../../src/target/namespaces.ts";
import { watchNamespace } from "../../src/target/watch-namespace.ts";
import { describeAsRoot } from "../helpers/as-root.ts";
import { type CniNode, makeCniNode, type NodePod } from "../helpers/cni-node.ts";
import { waitUntil } from "../helpers/wait-until.ts";

let node: CniNode;

function watch({ path, id }: NodePod): string[] {
  const told: string[] = [];
  watchNamespace(path, id, (message) => told.push(message));
  return told;
}

/** The watch looks once by itself after it has begun. */
function firstLook(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describeAsRoot("the watch of a mounted namespace", () => {
  beforeAll(async () => {
    node = await makeCniNode();
  });
  afterAll(() => node.remove());

  test("the mount and the pod's own process are the same namespace", async () => {
    const pod = await node.addPod("same", { addresses: ["10.3.0.1/24"] });
    const { dev, ino } = statSync(`/proc/${pod.network.pid}/ns/net`);
    expect(namespaceId(pod.path)).toBe(`${dev}:${ino}`);
  });

  test("a pod that is taken down is told at once, while its process still lives", async () => {
    const pod = await node.addPod("gone", { addresses: ["10.3.0.2/24"] });
    const told = watch(pod);
    node.unmount("gone");
    await waitUntil("onGone", () => told.length > 0, 3);
    expect(told).toEqual(["the network namespace gone is gone."]);
    await pod.network.run("true");
  });

  test("a mount that goes while its name stays is seen by the slow look", async () => {
    const pod = await node.addPod("bare", { addresses: ["10.3.0.3/24"] });
    const other = await node.addPod("other", { addresses: ["10.3.0.4/24"] });
    const told = watch(pod);
    await firstLook();
    // No inotify event: nothing changes in the folder.
    node.mount(other.network, "bare");
    await waitUntil("onGone", () => told.length > 0, 20);
    expect(told).toEqual(["the network namespace bare was replaced by another of its name."]);
  });

  test("processes of the pod come and go without a word", async () => {
    const pod = await node.addPod("quiet", { addresses: ["10.3.0.5/24"] });
    const told = watch(pod);
    const end = await node.addPod("end", { addresses: ["10.3.0.6/24"] });
    const toldOfEnd = watch(end);
    pod.network.remove();
    node.unmount("end");
    await waitUntil("the other's end", () => toldOfEnd.length > 0);
    expect(told).toEqual([]);
  });
});
