import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../../helpers/as-root.ts";
import { makeTemporaryFolder } from "../../helpers/temporary-folder.ts";
import { waitUntil } from "../../helpers/wait-until.ts";
import { NODES } from "../addresses.ts";
import { findPrograms } from "../cluster.ts";
import { startKubelet, stopKubelet } from "../node.ts";
import { capture, deleteCaptures, readCapture, stop, untilProgress, untilStatus } from "./captures.ts";
import { agentOn, agentsReady, install, NAMESPACE, uninstall } from "./installation.ts";
import { captureFiles, packetsIn, pings } from "./pings.ts";
import { deletePod, ping, startPod, type TestPod } from "./pods.ts";
import { mustKubectl, pcapper, place, read } from "./test-cluster.ts";

describeAsRoot("a status stays true", () => {
  let sender: TestPod;

  beforeAll(async () => {
    await install();
    sender = await startPod("sender", "node-a");
  }, 180_000);
  afterAll(async () => {
    await deletePod("sender");
    await uninstall();
  }, 180_000);

  test("when a pod is created anew: the capture of the old one has ended with its files", async () => {
    const old = await startPod("again", "node-b");
    await capture("again", { targetNamespace: "traffic", targetPod: "again", captureFilter: "icmp" });
    await untilProgress("again", "running");
    await ping(sender, old.address, 3);
    await deletePod("again");
    const anew = await startPod("again", "node-b");
    await ping(sender, anew.address, 3);
    const { status } = await untilProgress("again", "finished");
    expect(status).toMatchObject({
      reason: "TargetGone",
      target: { podUID: old.uid },
      statistics: { packets: 6, dropped: 0 },
    });
    expect((await gather("again", "node-b")).sort()).toEqual(pings(sender.address, old.address, 3).sort());
    await deleteCaptures("again");
    await deletePod("again");
  });

  test("when the agent's pod is deleted: the next one goes on in the same ring and says so", async () => {
    const target = await startPod("kept", "node-b");
    await capture("kept", { targetNamespace: "traffic", targetPod: "kept", captureFilter: "icmp" });
    await untilProgress("kept", "running");
    await ping(sender, target.address, 3);
    await mustKubectl("delete", "pod", (await agentOn("node-b")).name, "-n", NAMESPACE, "--wait");
    await agentsReady();
    await untilStatus("kept", "resumed", ({ progress, resumes }) => progress === "running" && resumes === 1);
    await ping(sender, target.address, 4);
    await stop("kept");
    const { status } = await untilProgress("kept", "finished");
    expect(status).toMatchObject({ reason: "Stopped", resumes: 1, statistics: { packets: 14, dropped: 0 } });
    expect(await gather("kept", "node-b")).toEqual([
      ...pings(sender.address, target.address, 3),
      ...pings(sender.address, target.address, 4),
    ]);
    await deleteCaptures("kept");
    await deletePod("kept");
  });

  test("when a node's kubelet is started anew: the capture knows nothing of it", async () => {
    const target = await startPod("calm", "node-b");
    await capture("calm", { targetNamespace: "traffic", targetPod: "calm", captureFilter: "icmp" });
    await untilProgress("calm", "running");
    await restartKubelet("node-b");
    await ping(sender, target.address, 3);
    expect((await readCapture("calm")).status?.progress).toBe("running");
    await stop("calm");
    const { status } = await untilProgress("calm", "finished");
    expect(status).toMatchObject({ reason: "Stopped", statistics: { packets: 6, dropped: 0 } });
    expect(status?.resumes ?? 0).toBe(0);
    await deleteCaptures("calm");
    await deletePod("calm");
  });
});

/** The packets of a capture, as gather brings them. */
async function gather(name: string, node: string): Promise<string[]> {
  const folder = makeTemporaryFolder();
  try {
    const { code, stderr } = await pcapper("gather", name, "--output", folder.path);
    expect(code, stderr).toBe(0);
    return await packetsIn(await captureFiles(join(folder.path, node, name)));
  } finally {
    folder.remove();
  }
}

interface Lease {
  spec: { renewTime: string };
}

/** Resolves when the new kubelet has reported for the node. */
async function restartKubelet(name: string): Promise<void> {
  const node = NODES.find((one) => one.name === name);
  if (node === undefined) throw new Error(`there is no ${name}`);
  await stopKubelet(place, node);
  const lease = (): Promise<Lease> => read("lease", name, "-n", "kube-node-lease");
  const last = (await lease()).spec.renewTime;
  startKubelet(place, node, await findPrograms());
  await waitUntil(`${name} reports again`, async () => (await lease()).spec.renewTime !== last, 60);
  await mustKubectl("wait", "--for=condition=Ready", `node/${name}`, "--timeout=60s");
}
