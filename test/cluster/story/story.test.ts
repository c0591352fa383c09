import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../../helpers/as-root.ts";
import { makeTemporaryFolder } from "../../helpers/temporary-folder.ts";
import { waitUntil } from "../../helpers/wait-until.ts";
import { capture, deleteCaptures, readCapture, stop, untilProgress, untilStatus } from "./captures.ts";
import { agentPods, install, NAMESPACE, uninstall, upgrade } from "./installation.ts";
import { captureFiles, packetsIn, pings } from "./pings.ts";
import { deletePod, ping, startPod, type TestPod } from "./pods.ts";
import { filesOn, kubectl, mustKubectl, onCluster, pcapper } from "./test-cluster.ts";

/** From the first install to the last uninstall, in the order in which a user meets it. */
describeAsRoot("a cluster's user", () => {
  const gathered = makeTemporaryFolder();
  let a: TestPod;
  let b: TestPod;

  beforeAll(async () => {
    [a, b] = await Promise.all([startPod("story-a", "node-a"), startPod("story-b", "node-b")]);
  });
  afterAll(async () => {
    gathered.remove();
    await Promise.all([deletePod("story-a"), deletePod("story-b")]);
  });

  test("gets an agent on every node by helm install", async () => {
    await install();
    expect((await agentPods()).map(({ node }) => node).sort()).toEqual(["node-a", "node-b"]);
  });

  test("captures on a pod and on a node's interface, and both finish with every ping counted", async () => {
    const captureFilter = `icmp and host ${b.address}`;
    await capture("pcap1", {
      targetNamespace: "traffic",
      targetPod: b.name,
      captureSeconds: "20",
      captureFilter,
    });
    await capture("pcap2", {
      targetNode: "node-a",
      targetInterface: "eth0",
      captureSeconds: "20",
      captureFilter,
      maxFileSize: "100M",
      fileCount: "10",
    });
    await Promise.all([untilProgress("pcap1", "running"), untilProgress("pcap2", "running")]);
    await ping(a, b.address, 20);
    for (const [name, node] of [
      ["pcap1", "node-b"],
      ["pcap2", "node-a"],
    ] as const) {
      const { status } = await untilProgress(name, "finished");
      expect(status).toMatchObject({
        node,
        reason: "TimeElapsed",
        statistics: { packets: 40, dropped: 0, files: 1 },
      });
      expect(status?.fileLocation).toMatch(
        new RegExp(`^/var/pcapper/${name}/${node}\\.${name}\\.\\d+\\.00001\\.pcap$`),
      );
    }
    expect((await readCapture("pcap1")).status?.target).toEqual({ podUID: b.uid, podIP: b.address });
  });

  test("gathers files whose packets are exactly the pings", async () => {
    const { code, stderr } = await pcapper("gather", "--output", gathered.path);
    expect(code, stderr).toBe(0);
    for (const place of ["node-b/pcap1", "node-a/pcap2"]) {
      const files = await captureFiles(join(gathered.path, place));
      expect(await packetsIn(files)).toEqual(pings(a.address, b.address, 20));
    }
  });

  test("leaves no file on any node when the resources are deleted", async () => {
    await deleteCaptures("pcap1", "pcap2");
    await waitUntil(
      "both nodes' folders are empty",
      () => filesOn("node-a").length + filesOn("node-b").length === 0,
    );
  });

  test("changes limits by helm upgrade while a capture runs, which goes on", async () => {
    const captureFilter = `icmp and host ${a.address}`;
    await capture("upgraded", {
      targetNamespace: "traffic",
      targetPod: a.name,
      captureSeconds: 600,
      captureFilter,
    });
    await untilProgress("upgraded", "running");
    await ping(a, b.address, 5);
    await upgrade({ maxTotalFileSize: "5G", maxCaptures: 7 });
    await untilStatus(
      "upgraded",
      "resumed",
      ({ progress, resumes }) => progress === "running" && resumes === 1,
    );
    await ping(b, a.address, 5);
    await stop("upgraded");
    const { status } = await untilProgress("upgraded", "finished");
    expect(status).toMatchObject({
      node: "node-a",
      reason: "Stopped",
      resumes: 1,
      statistics: { packets: 20, dropped: 0 },
    });
    expect(status?.gapSeconds).toBeGreaterThan(0);
    const { code, stderr } = await pcapper("gather", "upgraded", "--output", gathered.path);
    expect(code, stderr).toBe(0);
    const files = await captureFiles(join(gathered.path, "node-a/upgraded"));
    expect(await packetsIn(files)).toEqual([
      ...pings(a.address, b.address, 5),
      ...pings(b.address, a.address, 5),
    ]);
  });

  test("keeps resources, their definition and files over helm uninstall, and nothing else", async () => {
    const before = filesOn("node-a");
    await uninstall();
    expect(filesOn("node-a")).toEqual(before);
    expect((await readCapture("upgraded")).status?.progress).toBe("finished");
    expect(await onCluster("list", "--all-namespaces", "--short")).toBe("");
    const kinds = [
      "clusterroles",
      "clusterrolebindings",
      "roles",
      "rolebindings",
      "serviceaccounts",
      "daemonsets",
      "pods",
      "priorityclasses",
      "validatingadmissionpolicies",
      "validatingadmissionpolicybindings",
      "customresourcedefinitions",
    ].join(",");
    const left = await mustKubectl("get", kinds, "--all-namespaces", "--output=name");
    expect(left.split("\n").filter((name) => name.includes("pcapper"))).toEqual([
      "customresourcedefinition.apiextensions.k8s.io/packetcaptures.packetcapture.pcapper",
    ]);
    expect((await kubectl("get", "namespace", NAMESPACE)).code).toBe(0);
  });

  test("finds old resources and files after a second install, and their clean-up works as before", async () => {
    const before = filesOn("node-a");
    await install();
    expect((await readCapture("upgraded")).status).toMatchObject({ progress: "finished", reason: "Stopped" });
    expect(filesOn("node-a")).toEqual(before);
    await deleteCaptures("upgraded");
    await waitUntil("the files are gone", () => filesOn("node-a").length === 0);
    await uninstall();
  });
});
