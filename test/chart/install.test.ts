import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import { type ApiServer, startApiServer } from "../kubernetes/api-server.ts";
import { chartFolder, helm, mustHelm, renderChart, valueOptions } from "../kubernetes/helm.ts";
import { applyLenientCrd } from "../kubernetes/lenient-crd.ts";
import { makeNamespace } from "../kubernetes/objects.ts";
import { createCapture, mustKubectl, readCapture } from "../kubernetes/packet-captures.ts";
import { install, installCommand } from "./release.ts";

let server: ApiServer;
beforeAll(async () => {
  server = await startApiServer();
}, 180_000);
afterAll(() => server?.stop());

const KINDS = [
  "customresourcedefinitions",
  "namespaces",
  "clusterroles",
  "clusterrolebindings",
  "priorityclasses",
  "validatingadmissionpolicies",
  "validatingadmissionpolicybindings",
  "roles",
  "rolebindings",
  "serviceaccounts",
  "daemonsets",
  "secrets",
  "packetcaptures.packetcapture.pcapper",
];

/** Everything in the cluster that has to do with pcapper. */
async function found(): Promise<string[]> {
  const names: string[] = [];
  for (const kind of KINDS) {
    const { stdout } = await server.kubectl("get", kind, "--all-namespaces", "--output=name");
    names.push(...stdout.split("\n").filter((name) => /pcapper|packetcapture/.test(name)));
  }
  return names.sort();
}

async function uninstall(release: string): Promise<void> {
  await mustHelm(["uninstall", release, "--namespace", "pcapper"], server.adminKubeconfig.path);
}

const CLASS_OF_PODS = "{.spec.template.spec.priorityClassName}";

const SPEC = { targetNode: "worker-01", targetInterface: "eth0" };

/** What an uninstall leaves, as docs/operate.md says. */
const LEFT = [
  "customresourcedefinition.apiextensions.k8s.io/packetcaptures.packetcapture.pcapper",
  "namespace/pcapper",
  "packetcapture.packetcapture.pcapper/kept",
];

describe("the API server", () => {
  test("accepts everything that the chart can make of its own kinds", async () => {
    await makeNamespace(server.admin, "pcapper");
    await applyLenientCrd(server);
    const folder = makeTemporaryFolder();
    const path = join(folder.path, "all.yaml");
    const users = [{ kind: "Group", name: "network", apiGroup: "rbac.authorization.k8s.io" }];
    writeFileSync(path, await renderChart({ users, namespace: { create: true } }));
    const said = await mustKubectl(server, "apply", "--dry-run=server", "--validate=strict", "-f", path);
    folder.remove();
    expect(said).not.toContain("arning");
    expect(said).toContain("daemonset.apps/pcapper created (server dry run)");
    await mustKubectl(server, "delete", "crd", "packetcaptures.packetcapture.pcapper");
  });

  test("takes names that YAML could take for numbers, in the notes too", async () => {
    const place = ["--namespace", "1e3", "--create-namespace", "--dry-run=server"];
    const values = valueOptions({ priorityClassName: "0x10", users: [{ kind: "User", name: "007" }] });
    const said = await mustHelm(
      ["install", "123", chartFolder, ...place, ...values],
      server.adminKubeconfig.path,
    );
    const { metadata } = parse(manifestIn(said)) as { metadata: object };
    expect(metadata).toEqual({ name: "first", namespace: "1e3" });
  });
});

/** What the notes give to `kubectl apply`. */
function manifestIn(notes: string): string {
  return /<<END\n(.*?)\n *END\n/s.exec(notes)?.[1] ?? "";
}

describe("helm", () => {
  test("installs, and says the next three commands", async () => {
    const said = await install(server);
    expect(said).toContain("kubectl -n pcapper rollout status daemonset/pcapper");
    expect(said).toContain("kubectl apply -f - <<END");
    expect(said).toContain("pcapper gather first");
    await mustKubectl(
      server,
      "wait",
      "--for=condition=Established",
      "--timeout=60s",
      "crd/packetcaptures.packetcapture.pcapper",
    );
    await createCapture(server.admin, "pcapper", "kept", SPEC);
  });

  test("the manifest in the notes is one that the API server takes", async () => {
    const notes = await mustHelm(
      ["get", "notes", "pcapper", "--namespace", "pcapper"],
      server.adminKubeconfig.path,
    );
    const folder = makeTemporaryFolder();
    const path = join(folder.path, "first.yaml");
    writeFileSync(path, manifestIn(notes));
    expect(await mustKubectl(server, "apply", "--dry-run=server", "-f", path)).toContain("created");
    folder.remove();
  });

  test("upgrades limits", async () => {
    const values = { settings: { maxTotalFileSize: "2G" } };
    const command = ["upgrade", "pcapper", chartFolder, "--namespace", "pcapper", ...valueOptions(values)];
    await mustHelm(command, server.adminKubeconfig.path);
    const { stdout } = await server.kubectl("-n", "pcapper", "get", "daemonset", "pcapper", "-o", "yaml");
    expect(stdout).toMatch(/name: MAX_TOTAL_FILESIZE\n *value: 2G/);
  });

  test("upgrades the priority: a class cannot change its value, so it is another one", async () => {
    const values = { priorityClass: { value: 2000 } };
    const command = ["upgrade", "pcapper", chartFolder, "--namespace", "pcapper", ...valueOptions(values)];
    await mustHelm(command, server.adminKubeconfig.path);
    const classes = (await found()).filter((name) => name.startsWith("priorityclass"));
    expect(classes).toEqual(["priorityclass.scheduling.k8s.io/pcapper-2000"]);
    const [name, value] = await Promise.all([
      mustKubectl(server, "-n", "pcapper", "get", "daemonset/pcapper", "-o", `jsonpath=${CLASS_OF_PODS}`),
      mustKubectl(server, "get", "priorityclass/pcapper-2000", "-o", "jsonpath={.value}"),
    ]);
    expect([name, value]).toEqual(["pcapper-2000", "2000"]);
  });

  test("upgrades the CRD", async () => {
    await applyLenientCrd(server);
    await mustHelm(
      ["upgrade", "pcapper", chartFolder, "--namespace", "pcapper"],
      server.adminKubeconfig.path,
    );
    const refused = await server.kubectl(
      "-n",
      "pcapper",
      "patch",
      "packetcaptures",
      "kept",
      "--type=merge",
      "-p",
      '{"spec":{"targetInterface":"eth1"}}',
    );
    expect(refused.stderr).toContain("a capture can only be stopped");
  });

  test("a second installation is refused: a cluster has one", async () => {
    const { code, stderr } = await helm(installCommand({}, "second"), server.adminKubeconfig.path);
    expect(code).not.toBe(0);
    expect(stderr).toContain("invalid ownership metadata");
  });

  test("an uninstall leaves the CRD, the captures and the namespace, and nothing else", async () => {
    await uninstall("pcapper");
    expect(await found()).toEqual(LEFT);
  });

  test("installed again under its old name, it has its captures again", async () => {
    await install(server);
    expect((await readCapture(server.admin, "pcapper", "kept")).spec).toMatchObject(SPEC);
    await uninstall("pcapper");
  });

  test("installed under another name, it takes the CRD over where it is told to", async () => {
    const { code, stderr } = await helm(installCommand({}, "traffic"), server.adminKubeconfig.path);
    expect(code).not.toBe(0);
    expect(stderr).toContain("packetcaptures.packetcapture.pcapper");
    const taken = installCommand({}, "traffic", "--take-ownership");
    await mustHelm(taken, server.adminKubeconfig.path);
    expect((await readCapture(server.admin, "pcapper", "kept")).spec).toMatchObject(SPEC);
    await uninstall("traffic");
    expect(await found()).toEqual(LEFT);
  });

  test("without the CRD of its own it leaves the one that is there alone", async () => {
    await install(server, { crd: { create: false } }, "third");
    await uninstall("third");
    expect(await found()).toEqual(LEFT);
  });
});
