import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { waitUntil } from "../helpers/wait-until.ts";
import { makeNamespace, removePod } from "../kubernetes/objects.ts";
import { patchCapture, readCapture } from "../kubernetes/packet-captures.ts";
import { apiServerForFile } from "./cluster.ts";
import { makePodSite, type PodSite, runningWith, SHOP } from "./pod-site.ts";
import { giveSenderAddress, numbersIn, range, sendToPod, wayTo } from "./pod-traffic.ts";

const server = apiServerForFile();

describeAsRoot("a pod's capture over a restart of the agent", () => {
  let site: PodSite;
  beforeAll(async () => {
    await makeNamespace(server().admin, SHOP);
    site = await makePodSite(server(), "worker-01");
    await giveSenderAddress(site.cniNode.network);
  });
  afterAll(() => site?.remove());

  const read = async (name: string) => (await readCapture(server().admin, "pcapper", name)).status;
  const address = "10.9.0.1";

  /** A capture that runs, with packets 0 to 199 in its file. */
  async function begin(name: string) {
    const pod = await site.addPod(name, { addresses: [`${address}/32`] });
    const { network } = site.cniNode;
    const way = await wayTo(network, pod, "bridge");
    const send = (first: number, count: number) => sendToPod(network, way, address, { first, count });
    await site.capture(name);
    await site.until(name, "running");
    await send(0, 200);
    await waitUntil("200 packets are in the file", () => isThere(name, 200));
    return { pod, send };
  }
  const isThere = async (name: string, count: number): Promise<boolean> => {
    // A file that is being written may end in the middle of a packet.
    const numbers = await numbersIn(site.hostmount, name).catch(() => []);
    return numbers.length === count;
  };

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    test(`goes on in the pod's network after ${signal}, and lets it go at the end`, async () => {
      const name = `on-${signal.toLowerCase()}`;
      const links = await site.cniNode.countLinks();
      const { pod, send } = await begin(name);
      await site.end(signal);
      await site.start();
      await waitUntil("it is resumed", async () => (await read(name))?.resumes === 1);
      await send(200, 300);
      await patchCapture(server().admin, "pcapper", name, { spec: { stop: true } });
      const { status } = await site.until(name, "finished");
      expect(status).toMatchObject({
        reason: "Stopped",
        target: { podUID: pod.uid, podIP: address },
        interface: { name: "eth0", scope: "pod" },
        statistics: { packets: 500, dropped: 0 },
      });
      expect(await numbersIn(site.hostmount, name)).toEqual(range(0, 500));
      pod.network.remove();
      site.cniNode.unmount(name);
      await waitUntil("the pod's veth to go", async () => (await site.cniNode.countLinks()) === links, 3);
    });
  }

  test("the pod went meanwhile: it ends with its files", async () => {
    const { pod } = await begin("went");
    await site.end("SIGKILL");
    pod.network.remove();
    site.cniNode.unmount("went");
    await removePod(server().admin, SHOP, "went");
    await site.start();
    const status = await waitUntil("it is over", () => ended("went"));
    expect(status).toMatchObject({ progress: "finished", reason: "TargetGone", resumes: 1 });
    expect(status.message).toContain("there is no pod shop/went. Nothing was captured after");
    expect(status).toMatchObject({ target: { podUID: pod.uid }, statistics: { packets: 200 } });
    expect(await numbersIn(site.hostmount, "went")).toEqual(range(0, 200));
  });

  test("another pod of its name and address came meanwhile: its packets are not recorded", async () => {
    const { pod, send } = await begin("other");
    await site.end("SIGKILL");
    await removePod(server().admin, SHOP, "other");
    await site.makePod("other");
    await site.setStatus("other", runningWith([address]));
    await site.start();
    const status = await waitUntil("it is over", () => ended("other"));
    expect(status).toMatchObject({ progress: "finished", reason: "TargetGone", resumes: 1 });
    expect(status.message).toContain("replaced by another of its name");
    expect(status).toMatchObject({ target: { podUID: pod.uid }, statistics: { packets: 200 } });
    await send(200, 100);
    expect(await numbersIn(site.hostmount, "other")).toEqual(range(0, 200));
  });

  async function ended(name: string) {
    const status = await read(name);
    return status?.endTime !== undefined && status;
  }
});
