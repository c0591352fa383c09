import { join } from "node:path";
import { expect, test } from "vitest";
import type { Answer } from "../kubernetes/api-client.ts";
import { listEvents } from "../kubernetes/objects.ts";
import {
  capturesPath,
  createCapture,
  listCaptures,
  mustKubectl,
  patchCapture,
  patchCaptureStatus,
} from "../kubernetes/packet-captures.ts";
import { apiServerForFile } from "./cluster.ts";

const server = apiServerForFile();
const NODE_SPEC = { targetNode: "worker-01", targetInterface: "eth0" };
const NOW = "2026-01-02T03:04:05Z";

function create(name: string, spec: object = {}): Promise<unknown> {
  return createCapture(server().admin, "pcapper", name, { ...NODE_SPEC, ...spec });
}

function setStatus(name: string, status: object): Promise<unknown> {
  return patchCaptureStatus(server().admin, "pcapper", name, status);
}

function kubectl(...args: string[]): Promise<string> {
  return mustKubectl(server(), ...args, "--namespace=pcapper");
}

test("captures can be selected by node and progress, an unclaimed one by an empty node", async () => {
  await create("selected-unclaimed");
  await create("selected-running");
  await setStatus("selected-running", { node: "worker-01", progress: "running" });
  const names = async (fields: string): Promise<string[]> =>
    (await listCaptures(server().admin, "pcapper", fields))
      .map(({ metadata }) => metadata.name)
      .filter((name) => name.startsWith("selected-"));
  expect(await names("status.node=")).toEqual(["selected-unclaimed"]);
  expect(await names("status.node=worker-01")).toEqual(["selected-running"]);
  expect(await names("status.node=worker-01,status.progress=running")).toEqual(["selected-running"]);
  expect(await names("status.progress=finished")).toEqual([]);
});

const FULL_STATUS = {
  node: "worker-01",
  progress: "running",
  reason: "Capturing",
  fileLocation: "/var/pcapper/columns",
  interface: { name: "eth0", index: 2, scope: "node", linkType: "EN10MB" },
  startTime: NOW,
  statistics: { packets: 9007199254740991, dropped: 12, files: 3 },
};

test("kubectl get shows what a person wants to know first, and more with -o wide", async () => {
  await create("columns", { captureFilter: "tcp port 443" });
  await setStatus("columns", FULL_STATUS);
  const cells = (text: string): string[][] =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/\s{2,}/));
  const [head, row = []] = cells(await kubectl("get", "pcap", "columns"));
  expect(head).toEqual(["NAME", "NODE", "INTERFACE", "PROGRESS", "PACKETS", "DROPPED", "FILES", "AGE"]);
  expect(row.slice(0, 7)).toEqual(["columns", "worker-01", "eth0", "running", "9007199254740991", "12", "3"]);
  const [wideHead = [], wideRow = []] = cells(await kubectl("get", "pcaps", "columns", "--output=wide"));
  expect(wideHead.slice(8)).toEqual(["LOCATION", "FILTER", "REASON"]);
  expect(wideRow.slice(8)).toEqual(["/var/pcapper/columns", "tcp port 443", "Capturing"]);
});

test.each([
  ["packetcapture", "One packet capture on one node"],
  ["packetcapture.spec", "Write exactly one target"],
  ["packetcapture.spec.maxFileSize", "Size that no file exceeds"],
  ["packetcapture.status.statistics.dropped", "Packets that matched and are not in a file"],
])("kubectl explain %s says what it means", async (path, words) => {
  // The schema of a new resource is published a moment after the resource itself.
  await expect.poll(() => kubectl("explain", path).catch(String), { timeout: 30_000 }).toContain(words);
});

interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
}

/** Paths of the fields that `kubectl explain` has nothing to say about. */
function withoutDescription(schema: Schema, path: string): string[] {
  const inner = Object.entries({ ...schema.properties, ...schema.items?.properties });
  const below = inner.flatMap(([name, field]) => withoutDescription(field, `${path}.${name}`));
  return schema.description === undefined ? [path, ...below] : below;
}

test("kubectl explain has a word for every field", async () => {
  const crd = await server().admin.get<{ spec: { versions: { schema: { openAPIV3Schema: Schema } }[] } }>(
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/packetcaptures.packetcapture.pcapper",
  );
  const [version] = crd.spec.versions;
  // metadata is the API server's own.
  expect(withoutDescription(version?.schema.openAPIV3Schema ?? {}, "")).toEqual([".metadata"]);
});

function condition(type: string): object {
  return { type, status: "True", lastTransitionTime: NOW, reason: "TimeElapsed", message: "Done." };
}

test("kubectl wait returns for conditions and for fields, also when stop: true came in between", async () => {
  await create("waited");
  const waiting = [
    kubectl("wait", "pcap/waited", "--for=condition=Finished", "--timeout=30s"),
    kubectl("wait", "pcap/waited", "--for=condition=Complete", "--timeout=30s"),
    kubectl("wait", "pcap/waited", "--for=jsonpath={.status.progress}=finished", "--timeout=30s"),
  ];
  await setStatus("waited", { node: "worker-01", progress: "running" });
  await patchCapture(server().admin, "pcapper", "waited", { spec: { stop: true } });
  const conditions = [condition("Finished"), condition("Complete")];
  await setStatus("waited", { progress: "finished", conditions });
  expect((await Promise.all(waiting)).map((line) => line.trim())).toEqual(
    Array(3).fill("packetcapture.packetcapture.pcapper/waited condition met"),
  );
  await kubectl("wait", "pcap/waited", "--for=condition=Finished", "--timeout=5s");
});

test("kubectl wait for Complete does not return when the capture failed", async () => {
  await create("failed");
  const conditions = [condition("Finished"), condition("Failed")];
  await setStatus("failed", { progress: "failure", conditions });
  await expect(kubectl("wait", "pcap/failed", "--for=condition=Complete", "--timeout=1s")).rejects.toThrow(
    "timed out",
  );
});

test.each(["demo", "node", "pod"])("kubectl apply takes examples/%s.yaml", async (name) => {
  const path = join(import.meta.dirname, `../../examples/${name}.yaml`);
  expect(await kubectl("apply", "--dry-run=server", "-f", path)).toContain("created (server dry run)");
});

test("spec and status are written apart: neither write changes the other", async () => {
  await create("apart");
  await setStatus("apart", { node: "worker-01", progress: "scheduled" });
  const path = capturesPath("pcapper", "apart");
  const viaSpec = await server().admin.patch<{ status: object }>(path, { status: { node: "thief" } });
  expect(viaSpec.status).toEqual({ node: "worker-01", progress: "scheduled" });
  const viaStatus = await server().admin.patch<{ spec: object }>(`${path}/status`, { spec: { stop: true } });
  expect(viaStatus.spec).toMatchObject({ stop: false });
});

test("a status written on an old version of the capture is refused as a conflict", async () => {
  await create("conflict");
  const path = `${capturesPath("pcapper", "conflict")}/status`;
  const claim = (node: string, resourceVersion: string): Promise<Answer> =>
    server().admin.send(
      "PATCH",
      path,
      { metadata: { resourceVersion }, status: { node, progress: "scheduled" } },
      "application/merge-patch+json",
    );
  const { metadata } = await server().admin.get<{ metadata: { resourceVersion: string } }>(path);
  const answers = await Promise.all(["a", "b", "c"].map((node) => claim(node, metadata.resourceVersion)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
});

test("a client that is not strict is warned of a field nobody knows", async () => {
  const body = {
    apiVersion: "packetcapture.pcapper/v1alpha1",
    kind: "PacketCapture",
    metadata: { name: "mistyped" },
    spec: { ...NODE_SPEC, captureFiler: "udp" },
  };
  const { status, warnings } = await server().admin.send("POST", capturesPath("pcapper"), body);
  expect([status, warnings]).toEqual([201, ['unknown field "spec.captureFiler"']]);
});

test("kubectl describe shows the Events of a capture", async () => {
  await create("told");
  const { admin } = server();
  const { metadata } = await admin.get<{ metadata: { uid: string } }>(capturesPath("pcapper", "told"));
  const involvedObject = {
    apiVersion: "packetcapture.pcapper/v1alpha1",
    kind: "PacketCapture",
    namespace: "pcapper",
    name: "told",
    uid: metadata.uid,
  };
  const event = { metadata: { name: "told.scheduled" }, involvedObject, type: "Normal", reason: "Scheduled" };
  await admin.post("/api/v1/namespaces/pcapper/events", { ...event, message: "Claimed by worker-01." });
  expect(await kubectl("describe", "pcap", "told")).toMatch(/Normal\s+Scheduled.*Claimed by worker-01\./);
  expect(await listEvents(admin, "pcapper", "told")).toMatchObject([{ reason: "Scheduled" }]);
});
