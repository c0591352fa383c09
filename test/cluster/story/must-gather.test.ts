import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import manifest from "../../../package.json" with { type: "json" };
import { describeAsRoot } from "../../helpers/as-root.ts";
import { mustExecute } from "../../helpers/execute.ts";
import { makeTemporaryFolder } from "../../helpers/temporary-folder.ts";
import { findBinaries } from "../../kubernetes/binaries/binaries.ts";
import { IMAGE_NAMES } from "../images/images.ts";
import { capture, deleteCaptures, untilProgress } from "./captures.ts";
import { install, uninstall } from "./installation.ts";
import { captureFiles, packetsIn, pings } from "./pings.ts";
import { deletePod, ping, startPod, type TestPod } from "./pods.ts";
import { apply, kubectl, mustKubectl, place } from "./test-cluster.ts";

const NAMESPACE = "collecting";
const POD = "must-gather";

/** As `oc adm must-gather` runs it, but with an account that may read everything and exec, and nothing more. */
describeAsRoot("the must-gather image", () => {
  const copies = makeTemporaryFolder();
  let a: TestPod;
  let b: TestPod;

  beforeAll(async () => {
    await install();
    [a, b] = await Promise.all([startPod("gather-a", "node-a"), startPod("gather-b", "node-b")]);
    const captureFilter = `icmp and host ${a.address}`;
    await capture("on-a", { targetNamespace: "traffic", targetPod: a.name, packetCount: 10, captureFilter });
    await capture("on-b", { targetNode: "node-b", targetInterface: "eth0", packetCount: 10, captureFilter });
    await Promise.all(["on-a", "on-b"].map((name) => untilProgress(name, "running")));
    await ping(a, b.address, 5);
    await Promise.all(["on-a", "on-b"].map((name) => untilProgress(name, "finished")));
    await startCollector();
  }, 180_000);
  afterAll(async () => {
    copies.remove();
    await mustKubectl(
      "delete",
      `namespace/${NAMESPACE}`,
      "clusterrole/collector",
      "clusterrolebinding/collector",
    );
    await deleteCaptures("on-a", "on-b");
    await Promise.all([deletePod("gather-a"), deletePod("gather-b")]);
    await uninstall();
  }, 180_000);

  test("collects below /must-gather all files of all nodes and says its version", async () => {
    const { code, stdout, stderr } = await kubectl("exec", POD, "-n", NAMESPACE, "--", "/usr/bin/gather");
    expect(code, stdout + stderr).toBe(0);
    const version = await mustKubectl("exec", POD, "-n", NAMESPACE, "--", "cat", "/must-gather/version");
    expect(version).toBe(`pcapper/must-gather\n${manifest.version}\n`);
  });

  test("is read back by tar and by rsync, which find the same, and every packet is there", async () => {
    const [byTar, byRsync] = [join(copies.path, "tar"), join(copies.path, "rsync")];
    await copyByTar(byTar);
    await copyByRsync(byRsync);
    await mustExecute(["diff", "--recursive", byTar, byRsync]);
    expect(readFileSync(join(byTar, "version"), "utf8")).toContain("pcapper/must-gather");
    for (const folder of ["node-a/on-a", "node-b/on-b"]) {
      const packets = await packetsIn(await captureFiles(join(byTar, folder)));
      expect(packets).toEqual(pings(a.address, b.address, 5));
    }
  });

  test("has what must-gather's own scripts call", async () => {
    const programs = "bash tar rsync df awk sed setsid ps pkill sync gather pcapper".split(" ");
    const script = `for name in ${programs.join(" ")}; do command -v "$name" >/dev/null || echo "$name"; done`;
    expect(await mustKubectl("exec", POD, "-n", NAMESPACE, "--", "bash", "-c", script)).toBe("");
  });

  async function copyByTar(folder: string): Promise<void> {
    const { kubectl: program } = await findBinaries();
    mkdirSync(folder, { recursive: true });
    const send = `${program} --kubeconfig=${place.kubeconfig} exec ${POD} -n ${NAMESPACE} -- tar c -C /must-gather .`;
    await mustExecute(["bash", "-o", "pipefail", "-c", `${send} | tar x -C "$1"`, "bash", folder]);
  }

  /** `oc rsync` does it like this: the remote shell is kubectl. */
  async function copyByRsync(folder: string): Promise<void> {
    const { kubectl: program } = await findBinaries();
    const shell = join(copies.path, "shell");
    mkdirSync(dirname(shell), { recursive: true });
    const exec = `exec ${program} --kubeconfig=${place.kubeconfig} exec -i ${POD} -n ${NAMESPACE} -- "$@"`;
    writeFileSync(shell, `#!/bin/sh\nshift\n${exec}\n`, { mode: 0o755 });
    await mustExecute([
      "rsync",
      "--archive",
      "--blocking-io",
      `--rsh=${shell}`,
      "pod:/must-gather/",
      `${folder}/`,
    ]);
  }
});

/** The namespace, the account and the pod; the second container's command is the one that `oc` copies with. */
async function startCollector(): Promise<void> {
  const metadata = { name: "collector", namespace: NAMESPACE };
  const subject = { kind: "ServiceAccount", ...metadata };
  const group = "rbac.authorization.k8s.io";
  const rules = [
    { apiGroups: ["*"], resources: ["*"], verbs: ["get", "list", "watch"] },
    { apiGroups: [""], resources: ["pods/exec"], verbs: ["create"] },
  ];
  const wait = "trap : TERM INT; sleep infinity & wait";
  const container = {
    name: "copy",
    image: IMAGE_NAMES.mustGather,
    imagePullPolicy: "Never",
    command: ["/bin/bash", "-c", wait],
  };
  await apply(
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion: `${group}/v1`, kind: "ClusterRole", metadata: { name: "collector" }, rules },
    {
      apiVersion: `${group}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: "collector" },
      roleRef: { apiGroup: group, kind: "ClusterRole", name: "collector" },
      subjects: [subject],
    },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: POD, namespace: NAMESPACE },
      spec: { serviceAccountName: "collector", terminationGracePeriodSeconds: 0, containers: [container] },
    },
  );
  await mustKubectl("wait", "--for=condition=Ready", `pod/${POD}`, "-n", NAMESPACE, "--timeout=60s");
}
