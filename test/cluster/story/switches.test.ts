import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../../helpers/as-root.ts";
import { waitUntil } from "../../helpers/wait-until.ts";
import { chartFolder, valueOptions } from "../../kubernetes/helm.ts";
import { capture, deleteCaptures, untilStatus } from "./captures.ts";
import { agentPods, agentsReady, install, NAMESPACE, uninstall } from "./installation.ts";
import { deletePod, ping, startPod, type TestPod } from "./pods.ts";
import { filesOn, mustKubectl, onCluster } from "./test-cluster.ts";

/** Values that change what agents can do, on agents that were installed with the defaults. */
describeAsRoot("a chart with other values", () => {
  let a: TestPod;
  let b: TestPod;

  beforeAll(async () => {
    await install({ targetWait: "5s" });
    [a, b] = await Promise.all([startPod("switch-a", "node-a"), startPod("switch-b", "node-b")]);
  }, 180_000);
  afterAll(async () => {
    await Promise.all([deletePod("switch-a"), deletePod("switch-b")]);
    await uninstall();
  }, 180_000);

  async function change(values: Record<string, unknown>): Promise<void> {
    const place = ["upgrade", "pcapper", chartFolder, "-n", NAMESPACE, "--reset-then-reuse-values"];
    await onCluster(...place, ...valueOptions(values));
    await mustKubectl("rollout", "status", "daemonset/pcapper", "-n", NAMESPACE, "--timeout=120s");
  }

  const ended = (name: string, seconds = 60) =>
    untilStatus(
      name,
      "it has ended",
      ({ progress }) => progress === "finished" || progress === "failure",
      seconds,
    );

  test("without SYS_ADMIN captures nodes, and says of pods what it lacks", async () => {
    await change({ podCaptures: false });
    await capture("of-node", { targetNode: "node-b", targetInterface: "eth0", captureSeconds: 1 });
    await capture("of-pod", { targetNamespace: "traffic", targetPod: b.name, captureSeconds: 1 });
    expect((await ended("of-node")).status).toMatchObject({ reason: "TimeElapsed" });
    const { status } = await ended("of-pod");
    expect(status).toMatchObject({ progress: "failure", reason: "PermissionDenied" });
    expect(status?.message).toContain("captures of pods need the capability SYS_ADMIN");
    await deleteCaptures("of-node", "of-pod");
    await change({ podCaptures: true });
    await agentsReady();
  });

  test("pods are found by their IP where the CNI's cache is not mounted", async () => {
    await change({ hostPaths: { cniCache: "" } });
    await agentsReady();
    const captureFilter = `icmp and host ${a.address}`;
    await capture("by-ip", { targetNamespace: "traffic", targetPod: a.name, packetCount: 6, captureFilter });
    await untilStatus("by-ip", "it runs", ({ progress }) => progress === "running");
    await ping(a, b.address, 3);
    expect((await ended("by-ip")).status).toMatchObject({
      reason: "PacketCountReached",
      interface: { name: "eth0", scope: "pod" },
      statistics: { packets: 6 },
    });
    await deleteCaptures("by-ip");
    await change({ hostPaths: { cniCache: "/var/lib/cni/results" } });
    await agentsReady();
  });

  test("with one node left out the other agent answers for its captures, and it adds what it has when it is back", async () => {
    const captureFilter = `icmp and host ${b.address}`;
    await capture("lost", {
      targetNamespace: "traffic",
      targetPod: b.name,
      captureSeconds: 15,
      captureFilter,
    });
    await untilStatus("lost", "it runs", ({ progress }) => progress === "running");
    await ping(a, b.address, 3);
    await change({ nodeSelector: { "kubernetes.io/hostname": "node-a" } });
    await waitUntil("node-b has no agent", async () => (await agentPods()).length === 1, 60);
    await capture("nobody", { targetNode: "node-b", targetInterface: "eth0" });
    await capture("no-such", { targetNamespace: "traffic", targetPod: "no-such" });
    expect((await ended("nobody")).status).toMatchObject({ reason: "NoAgent" });
    expect((await ended("no-such")).status).toMatchObject({ reason: "TargetNotFound" });
    expect((await ended("lost", 120)).status).toMatchObject({ reason: "AgentLost", node: "node-b" });
    await change({ nodeSelector: { "kubernetes.io/hostname": null } });
    await agentsReady();
    await untilStatus(
      "lost",
      "its node has added what it has",
      ({ reason, statistics }) => reason === "AgentLost" && statistics?.packets === 6,
    );
    await deleteCaptures("lost", "nobody", "no-such");
    await waitUntil("the files are gone", () => filesOn("node-b").length === 0);
  });
});

/** A release of another name that finds a capture which was running when the old one was uninstalled. */
describeAsRoot("another release", () => {
  let a: TestPod;

  beforeAll(async () => {
    await install();
    a = await startPod("release-a", "node-a");
  }, 180_000);
  afterAll(async () => {
    await deletePod("release-a");
  }, 60_000);

  test("goes on with what was running, once it has taken the definition over", async () => {
    await capture("going-on", { targetNamespace: "traffic", targetPod: a.name, captureSeconds: 600 });
    await untilStatus("going-on", "it runs", ({ progress }) => progress === "running");
    const values = await onCluster("get", "values", "pcapper", "-n", NAMESPACE, "--output", "json");
    await uninstall();
    const place = ["install", "traffic", chartFolder, "-n", NAMESPACE, "--take-ownership"];
    await onCluster(...place, ...valueOptions(JSON.parse(values) as Record<string, unknown>));
    await agentsReady();
    await untilStatus(
      "going-on",
      "it has been taken up",
      ({ progress, resumes }) => progress === "running" && resumes === 1,
    );
    await deleteCaptures("going-on");
    await waitUntil("the files are gone", () => filesOn("node-a").length === 0);
    await onCluster("uninstall", "traffic", "-n", NAMESPACE, "--wait");
    await waitUntil("no agent is left", async () => (await agentPods()).length === 0, 90);
    // The tests after this one install under the first name.
    await mustKubectl("delete", "crd", "packetcaptures.packetcapture.pcapper");
  });
});
