import { beforeAll, describe, expect, test } from "vitest";
import { waitUntil } from "../helpers/wait-until.ts";
import type { ApiClient } from "../kubernetes/api-client.ts";
import { makeNode, makePod } from "../kubernetes/objects.ts";
import { installedForFile } from "./release.ts";

/** Into which container, and with which command, somebody may exec who has the Role pcapper-user. */

const server = installedForFile({
  users: [{ kind: "ServiceAccount", name: "ann", namespace: "default" }],
});
let ann: ApiClient;
let bob: ApiClient;
let carol: ApiClient;

beforeAll(async () => {
  const { admin, serviceAccountClient } = server();
  const account = (name: string) => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name } });
  for (const name of ["ann", "bob", "carol"]) {
    await admin.post("/api/v1/namespaces/default/serviceaccounts", account(name));
  }
  // Bob's right to exec comes from elsewhere; Carol may change the DaemonSet besides.
  const exec = { apiGroups: [""], resources: ["pods/exec"], verbs: ["get", "create"] };
  const change = { apiGroups: ["apps"], resources: ["daemonsets"], verbs: ["update"] };
  await grant("bob", [exec]);
  await grant("carol", [exec, change]);
  await makeNode(admin, "node-a");
  await makePod(admin, { namespace: "pcapper", name: "pcapper-x7", node: "node-a" });
  ann = await serviceAccountClient("default", "ann");
  bob = await serviceAccountClient("default", "bob");
  carol = await serviceAccountClient("default", "carol");
  const refused = async () => (await said(ann, "agent", ["sh"])).includes("not allowed");
  await waitUntil("the policy is in force", refused, 30);
});

async function grant(name: string, rules: object[]): Promise<void> {
  const path = "/apis/rbac.authorization.k8s.io/v1";
  await server().admin.post(`${path}/clusterroles`, { metadata: { name: `may-${name}` }, rules });
  await server().admin.post(`${path}/clusterrolebindings`, {
    metadata: { name: `may-${name}` },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: `may-${name}` },
    subjects: [{ kind: "ServiceAccount", name, namespace: "default" }],
  });
}

/** What the API server answers to an exec. No kubelet is there: one that is let through fails at the node. */
async function said(
  client: ApiClient,
  container: string,
  command: string[],
  method = "POST",
): Promise<string> {
  const query = new URLSearchParams([
    ["stdout", "true"],
    ...command.map((word): [string, string] => ["command", word]),
  ]);
  if (container !== "") query.set("container", container);
  const { body } = await client.send(method, `/api/v1/namespaces/pcapper/pods/pcapper-x7/exec?${query}`);
  return typeof body === "string" ? body : JSON.stringify(body);
}

const REFUSED = /pcapper-exec-export-only|forbidden/i;

const EXPORTS = [
  ["pcapper", "export", "list"],
  ["pcapper", "export", "list", "dns"],
  ["pcapper", "export", "read", "dns", "node-a.dns.1764000000.00001.pcap", "--from", "0", "--to", "24"],
  ["pcapper", "export", "tar", "--include-running"],
].map((command) => ({ command }));

const OTHERS = [
  ["sh"],
  ["/bin/sh", "-c", "pcapper export list"],
  ["pcapper"],
  ["pcapper", "run"],
  ["pcapper", "agent"],
  ["/usr/local/bin/pcapper", "export", "list"],
  ["pcapper export list"],
  ["pcapper", "export", "list", "--hostmount", "/proc"],
  ["pcapper", "export", "list", "--hostmount=/proc"],
  ["env", "pcapper", "export"],
].map((command) => ({ command }));

describe("with the Role pcapper-user", () => {
  test.each(EXPORTS)("$command is let through into the container files", async ({ command }) => {
    expect(await said(ann, "files", command)).not.toMatch(REFUSED);
    expect(await said(ann, "files", command, "GET")).not.toMatch(REFUSED);
  });

  test.each(OTHERS)("$command is refused there", async ({ command }) => {
    expect(await said(ann, "files", command)).toContain(
      `the command \\"${command.join(" ")}\\" is not allowed in container \\"files\\"`,
    );
    expect(await said(ann, "files", command, "GET")).toMatch(REFUSED);
  });

  test.each(["agent", "", "other"])("the container '%s' is refused", async (container) => {
    const answer = await said(ann, container, ["pcapper", "export", "list"]);
    expect(answer).toContain("files are fetched from container");
    expect(answer).toContain('"code":403');
  });
});

test("who has the right to exec from elsewhere is held to the same", async () => {
  expect(await said(bob, "agent", ["sh"])).toMatch(REFUSED);
  expect(await said(bob, "files", ["pcapper", "export", "list"])).not.toMatch(REFUSED);
});

test("who may change the DaemonSet, or everything, is not", async () => {
  expect(await said(carol, "agent", ["sh"])).not.toMatch(REFUSED);
  expect(await said(server().admin, "agent", ["sh"])).not.toMatch(REFUSED);
});

test("exec in other namespaces is nobody's business here", async () => {
  await makePod(server().admin, { namespace: "default", name: "web", node: "node-a" });
  const path = "/api/v1/namespaces/default/pods/web/exec?command=sh&container=main&stdout=true";
  const { body } = await bob.send("POST", path);
  expect(JSON.stringify(body)).not.toMatch(REFUSED);
});
