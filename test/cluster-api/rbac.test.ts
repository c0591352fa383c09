import { beforeAll, describe, expect, test } from "vitest";
import { type ApiClient, ApiError } from "../kubernetes/api-client.ts";
import { makeNamespace, makeNode, makePod } from "../kubernetes/objects.ts";
import {
  capturesPath,
  createCapture,
  listCaptures,
  patchCapture,
  patchCaptureStatus,
} from "../kubernetes/packet-captures.ts";
import { apiServerForFile } from "./cluster.ts";

const server = apiServerForFile();
let kubeconfig: string;
let agent: ApiClient;

beforeAll(async () => {
  const { admin, serviceAccountClient, serviceAccountKubeconfig } = server();
  await makeNamespace(admin, "shop");
  await makeNode(admin, "worker-01");
  const place = { namespace: "pcapper", name: "pcapper-x7", node: "worker-01" };
  await makePod(admin, { ...place, serviceAccount: "pcapper-agent" });
  agent = await serviceAccountClient("pcapper", "pcapper-agent", { pod: "pcapper-x7" });
  kubeconfig = (await serviceAccountKubeconfig("pcapper", "pcapper-agent")).path;
});

const CRD = "customresourcedefinitions.apiextensions.k8s.io";
const OWN_CRD = `${CRD}/packetcaptures.packetcapture.pcapper`;

/** What the agent may do: verb, resource, and the namespace where it matters. */
const ALLOWED = [
  ["get", "packetcaptures", "pcapper"],
  ["list", "packetcaptures", "pcapper"],
  ["watch", "packetcaptures", "pcapper"],
  ["update", "packetcaptures/status", "pcapper"],
  ["patch", "packetcaptures/status", "pcapper"],
  ["create", "events", "pcapper"],
  ["create", "events", "shop"],
  ["get", "pods", "shop"],
  ["list", "pods", "--all-namespaces"],
  ["watch", "pods", "--all-namespaces"],
  ["get", "nodes", ""],
  ["get", "namespaces/pcapper", "pcapper"],
  ["get", "namespaces/kube-system", ""],
  ["get", OWN_CRD, ""],
] as const;

const FORBIDDEN = [
  ["create", "packetcaptures", "pcapper"],
  ["update", "packetcaptures", "pcapper"],
  ["patch", "packetcaptures", "pcapper"],
  ["delete", "packetcaptures", "pcapper"],
  ["deletecollection", "packetcaptures", "pcapper"],
  ["list", "packetcaptures", "shop"],
  ["patch", "packetcaptures/status", "shop"],
  ["get", "secrets", "pcapper"],
  ["list", "secrets", "--all-namespaces"],
  ["get", "configmaps", "pcapper"],
  ["create", "pods", "pcapper"],
  ["delete", "pods", "pcapper"],
  ["patch", "pods", "shop"],
  ["create", "pods/exec", "pcapper"],
  ["get", "pods/log", "shop"],
  ["list", "events", "pcapper"],
  ["delete", "events", "pcapper"],
  ["list", "nodes", ""],
  ["patch", "nodes", ""],
  ["get", "nodes/proxy", ""],
  ["list", "namespaces", ""],
  ["get", "namespaces/default", ""],
  ["delete", "namespaces/pcapper", "pcapper"],
  ["list", CRD, ""],
  ["patch", OWN_CRD, ""],
  ["create", "serviceaccounts/token", "pcapper"],
  ["create", "clusterrolebindings.rbac.authorization.k8s.io", ""],
  ["impersonate", "users", ""],
  ["*", "*", "--all-namespaces"],
] as const;

/** The answer of `kubectl auth can-i` to the agent's own token. */
async function canI([verb, resource, place]: readonly [string, string, string]): Promise<string> {
  const [name = "", subresource] = /^(.*)\/(status|exec|log|proxy|token)$/.exec(resource)?.slice(1) ?? [
    resource,
  ];
  const where = place.startsWith("--") ? [place] : place === "" ? [] : [`--namespace=${place}`];
  const what = subresource === undefined ? [name] : [name, `--subresource=${subresource}`];
  const { stdout } = await server().kubectl(
    `--kubeconfig=${kubeconfig}`,
    "auth",
    "can-i",
    verb,
    ...what,
    ...where,
  );
  return stdout.trim();
}

describe("the agent's service account", () => {
  test.each(ALLOWED)("may %s %s %s", async (...question) => {
    expect(await canI(question)).toBe("yes");
  });

  test.each(FORBIDDEN)("may not %s %s %s", async (...question) => {
    expect(await canI(question)).toMatch(/^no\b/);
  });
});

const SPEC = { targetNode: "worker-01", targetInterface: "eth0" };

async function statusOf(attempt: Promise<unknown>): Promise<number> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof ApiError ? error.status : 200;
}

test("with its rights an agent claims a capture, but can neither change its spec nor remove it", async () => {
  await createCapture(server().admin, "pcapper", "claimed", SPEC);
  expect(await listCaptures(agent, "pcapper", "status.node=")).toHaveLength(1);
  await patchCaptureStatus(agent, "pcapper", "claimed", { node: "worker-01", progress: "scheduled" });
  expect(await statusOf(patchCapture(agent, "pcapper", "claimed", { spec: { stop: true } }))).toBe(403);
  expect(await statusOf(agent.delete(capturesPath("pcapper", "claimed")))).toBe(403);
});

test("with its rights an agent tells a target pod of another namespace that it is recorded", async () => {
  const { metadata } = await makePod(server().admin, { namespace: "shop", name: "web", node: "worker-01" });
  const involvedObject = { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web", uid: metadata.uid };
  const event = {
    metadata: { name: "web.recorded" },
    involvedObject,
    type: "Normal",
    reason: "PacketCapture",
  };
  const create = (): Promise<unknown> =>
    agent.post("/api/v1/namespaces/shop/events", { ...event, message: "Recorded." });
  expect([await statusOf(create()), await statusOf(create())]).toEqual([200, 409]);
});

test("the token of an agent's pod says which node it runs on", async () => {
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
  const { status } = await agent.post<{ status: { userInfo: { extra: object } } }>(path, review);
  expect(status.userInfo.extra).toMatchObject({ "authentication.kubernetes.io/node-name": ["worker-01"] });
});
