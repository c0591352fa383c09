import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PacketCapture } from "../../src/api/resource.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import type { ApiClient } from "./api-client.ts";
import type { ApiServer } from "./api-server.ts";
import { renderChart } from "./helm.ts";
import type { StoredObject } from "./objects.ts";

const GROUP = "/apis/packetcapture.pcapper/v1alpha1";
const CRD = "packetcaptures.packetcapture.pcapper";

/** A PacketCapture as the API server keeps it. */
export type StoredCapture = PacketCapture & StoredObject;

export const crdPath = new URL("../../chart/crd/packetcaptures.yaml", import.meta.url).pathname;

/** Path of all captures of a namespace, or of one of them. */
export function capturesPath(namespace: string, name?: string): string {
  return `${GROUP}/namespaces/${namespace}/packetcaptures${name === undefined ? "" : `/${name}`}`;
}

/** Applies the project's CRD, or the text of another one, and waits until it is served. */
export async function applyCrd(server: ApiServer, path: string = crdPath): Promise<void> {
  await mustKubectl(server, "apply", "--server-side", "--force-conflicts", "-f", path);
  await mustKubectl(server, "wait", "--for=condition=Established", "--timeout=60s", `crd/${CRD}`);
}

/** Applies the agent's service account and rights as the chart has them; the namespace must exist. */
export async function applyAgentRbac(server: ApiServer): Promise<void> {
  await withAgentRbac((path) => mustKubectl(server, "apply", "-f", path));
}

export async function removeAgentRbac(server: ApiServer): Promise<void> {
  await withAgentRbac((path) => mustKubectl(server, "delete", "-f", path, "--ignore-not-found"));
}

async function withAgentRbac(use: (path: string) => Promise<unknown>): Promise<void> {
  const folder = makeTemporaryFolder();
  const path = join(folder.path, "agent.yaml");
  writeFileSync(path, await renderChart({}, ["agent/service-account.yaml", "agent/rbac.yaml"]));
  await use(path);
  folder.remove();
}

/** @throws Error with what kubectl said, where its exit code is not 0 */
export async function mustKubectl(server: ApiServer, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await server.kubectl(...args);
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
  return stdout;
}

/** Creates a capture as `kubectl` does: an unknown field is an error. `spec` may be anything. */
export function createCapture(
  client: ApiClient,
  namespace: string,
  name: string,
  spec: unknown,
): Promise<StoredCapture> {
  return client.post(`${capturesPath(namespace)}?fieldValidation=Strict`, {
    apiVersion: "packetcapture.pcapper/v1alpha1",
    kind: "PacketCapture",
    metadata: { name },
    spec,
  });
}

export function readCapture(client: ApiClient, namespace: string, name: string): Promise<StoredCapture> {
  return client.get(capturesPath(namespace, name));
}

/** A merge patch of everything but the status. */
export function patchCapture(
  client: ApiClient,
  namespace: string,
  name: string,
  patch: unknown,
): Promise<StoredCapture> {
  return client.patch(capturesPath(namespace, name), patch);
}

/** A merge patch of the status: `{ progress: "running" }`. */
export function patchCaptureStatus(
  client: ApiClient,
  namespace: string,
  name: string,
  status: unknown,
): Promise<StoredCapture> {
  return client.patch(`${capturesPath(namespace, name)}/status`, { status });
}

export async function listCaptures(
  client: ApiClient,
  namespace: string,
  fields = "",
): Promise<StoredCapture[]> {
  const path = `${capturesPath(namespace)}?fieldSelector=${encodeURIComponent(fields)}`;
  return (await client.get<{ items: StoredCapture[] }>(path)).items;
}

export function deleteCapture(client: ApiClient, namespace: string, name: string): Promise<void> {
  return client.delete(capturesPath(namespace, name));
}
