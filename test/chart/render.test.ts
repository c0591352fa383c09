import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { renderChart, type Values } from "../kubernetes/helm.ts";
import { crdPath } from "../kubernetes/packet-captures.ts";
import { lineChanges } from "./line-changes.ts";
import { parseManifests, renderedContainer, renderedNames } from "./manifests.ts";

const EVERYTHING = await renderChart({ crd: { create: false } });

test("the default render is the one that was reviewed", async () => {
  await expect(EVERYTHING).toMatchFileSnapshot("fixtures/default.yaml");
});

/** Each switch, and the lines of the default render that it changes. */
const SWITCHES: readonly [string, Values][] = [
  ["no-pod-captures", { podCaptures: false }],
  ["namespace", { namespace: { create: true } }],
  ["openshift", { openshift: { scc: true } }],
  ["openshift-no-pod-captures", { openshift: { scc: true }, podCaptures: false }],
  [
    "pod-monitor",
    {
      podMonitor: { enabled: true, labels: { release: "prometheus" }, interval: "1m" },
      settings: { httpAddress: "0.0.0.0:9999" },
    },
  ],
  ["no-priority-class", { priorityClass: { create: false } }],
  ["other-priority", { priorityClass: { value: -5 } }],
  ["own-priority-class", { priorityClassName: "system-node-critical" }],
  ["users", { users: [{ kind: "Group", name: "network", apiGroup: "rbac.authorization.k8s.io" }] }],
  ["no-cni-cache", { hostPaths: { cniCache: "" } }],
  ["other-folders", { hostPaths: { captures: "/data/pcaps", netns: "/var/run/netns" } }],
  [
    "image",
    {
      image: { repository: "registry.example/net/pcapper", tag: "1.2.3", pullPolicy: "Always" },
      imagePullSecrets: [{ name: "registry" }],
    },
  ],
  ["image-digest", { image: { digest: `sha256:${"0".repeat(64)}` } }],
  [
    "settings",
    {
      settings: {
        maxTotalFileSize: 5_000_000_000,
        minFreeDisk: "15%",
        deleteOlderThan: "36h",
        targetWait: "2m",
        maxCaptures: 4,
        captureBuffer: "32Mi",
        captureMemory: "128Mi",
        maxWriteRate: "100M",
        logLevel: "debug",
        httpAddress: "[::]:9480",
      },
    },
  ],
  [
    "scheduling",
    {
      tolerations: [],
      nodeSelector: { "node-role.kubernetes.io/worker": "" },
      affinity: { nodeAffinity: {} },
      podAnnotations: { "example.com/team": "network" },
      podLabels: { team: "network" },
      podSecurityContext: { seLinuxOptions: { type: "spc_t" } },
      updateStrategy: { type: "OnDelete", rollingUpdate: null },
      terminationGracePeriodSeconds: 90,
      livenessProbe: { enabled: true, failureThreshold: 10 },
      readinessProbe: { periodSeconds: 10, successThreshold: 2 },
      resources: { limits: { memory: "1Gi" } },
    },
  ],
];

describe.each(SWITCHES)("%s", (name, values) => {
  test("changes the lines that were reviewed, and no others", async () => {
    const changed = await renderChart({ crd: { create: false }, ...values });
    await expect(lineChanges(EVERYTHING, changed)).resolves.toMatchFileSnapshot(`fixtures/${name}.diff`);
  });
});

test("the CRD is the project's one, and is kept when the release goes", async () => {
  const [crd, ...others] = parseManifests(await renderChart({}, ["crd.yaml"]));
  expect(others).toEqual([]);
  expect(crd).toEqual(parse(readFileSync(crdPath, "utf8")));
  expect(crd?.metadata).toMatchObject({ annotations: { "helm.sh/resource-policy": "keep" } });
});

test.each([
  ["ownNode", "pcapper-agent-own-node"],
  ["exportOnly", "pcapper-exec-export-only"],
] as const)("admissionPolicies.%s switches the policy %s, and nothing else", async (name, policy) => {
  const without = await renderedNames({ admissionPolicies: { [name]: false } });
  const gone = (await renderedNames()).filter((rendered) => !without.includes(rendered));
  expect(gone).toEqual([`ValidatingAdmissionPolicy ${policy}`, `ValidatingAdmissionPolicyBinding ${policy}`]);
});

test("no Namespace, no SCC and no PodMonitor is made unless it is asked for", async () => {
  const kinds = (await renderedNames()).map((name) => name.split(" ")[0]);
  expect(kinds).not.toContain("Namespace");
  expect(kinds).not.toContain("SecurityContextConstraints");
  expect(kinds).not.toContain("PodMonitor");
});

test("nothing restarts an agent that does not answer, unless it is asked for: captures go on without an answer", async () => {
  const agent = await renderedContainer("agent");
  expect(agent.livenessProbe).toBeUndefined();
  expect(agent.readinessProbe).toBeDefined();
});

test("probes may be left as Kubernetes has them", async () => {
  const nothing = {
    initialDelaySeconds: null,
    periodSeconds: null,
    timeoutSeconds: null,
    failureThreshold: null,
  };
  const probes = { livenessProbe: { ...nothing, enabled: true }, readinessProbe: nothing };
  const agent = await renderedContainer("agent", probes);
  expect(Object.keys(agent.livenessProbe ?? {})).toEqual(["httpGet"]);
  expect(Object.keys(agent.readinessProbe ?? {})).toEqual(["httpGet"]);
});

test("the agent has two capabilities and its token, the files container neither", async () => {
  const [agent, files] = [await renderedContainer("agent"), await renderedContainer("files")];
  expect(agent.securityContext.capabilities).toEqual({ drop: ["ALL"], add: ["NET_RAW", "SYS_ADMIN"] });
  expect(files.securityContext.capabilities).toEqual({ drop: ["ALL"] });
  expect(agent.volumeMounts.map(({ name }) => name)).toContain("token");
  expect(files.volumeMounts).toEqual([{ name: "captures", mountPath: "/hostmount", readOnly: true }]);
});

/** Where kubelet asks for each address that the agent can listen on. */
const ADDRESSES = [
  ["127.0.0.1:9476", "127.0.0.1", 9476],
  ["0.0.0.0:9476", "127.0.0.1", 9476],
  ["[::]:1024", "::1", 1024],
  ["[::1]:65535", "::1", 65_535],
  ["192.0.2.7:9000", "192.0.2.7", 9000],
  ["localhost:9476", "localhost", 9476],
] as const;

test.each(ADDRESSES)("with the address %s the probes go to %s port %i", async (httpAddress, host, port) => {
  const agent = await renderedContainer("agent", {
    settings: { httpAddress },
    livenessProbe: { enabled: true },
  });
  expect(agent.livenessProbe?.httpGet).toEqual({ host, port, path: "/healthz" });
  expect(agent.readinessProbe?.httpGet).toEqual({ host, port, path: "/readyz" });
  expect(agent.ports).toBeUndefined();
});
