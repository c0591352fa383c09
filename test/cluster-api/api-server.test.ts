import { expect, test } from "vitest";
import {
  finalizeNamespace,
  makeNamespace,
  makeNode,
  makePod,
  removePod,
  setPodStatus,
} from "../kubernetes/objects.ts";
import { createCapture, deleteCapture, readCapture } from "../kubernetes/packet-captures.ts";
import { apiServerForFile } from "./cluster.ts";

/** The harness itself. */

const server = apiServerForFile();

test.each(["SIGTERM", "SIGKILL"] as const)("its data and tokens outlive a restart by %s", async (signal) => {
  const name = `kept-${signal.toLowerCase()}`;
  await createCapture(server().admin, "pcapper", name, { targetNode: "a", targetInterface: "eth0" });
  const agent = await server().serviceAccountClient("pcapper", "pcapper-agent");
  await server().pause(signal);
  await expect(readCapture(agent, "pcapper", name)).rejects.toThrow("ECONNREFUSED");
  await server().resume();
  expect((await readCapture(agent, "pcapper", name)).spec.targetNode).toBe("a");
});

test("a watch from before a restart and a compaction is answered by 410", async () => {
  const { admin } = server();
  const list = "/apis/packetcapture.pcapper/v1alpha1/namespaces/pcapper/packetcaptures";
  const { metadata } = await admin.get<{ metadata: { resourceVersion: string } }>(list);
  for (const name of ["later-1", "later-2"]) {
    await createCapture(admin, "pcapper", name, { targetNode: "a", targetInterface: "eth0" });
  }
  await server().pause();
  await server().compact();
  await server().resume();
  const watch = `${list}?watch=true&timeoutSeconds=5&resourceVersion=${metadata.resourceVersion}`;
  // Ready or not, it says 429 "storage is (re)initializing" until it has read the captures again.
  const answer = async (): Promise<unknown> => (await admin.send("GET", watch)).body;
  await expect.poll(answer, { timeout: 20_000 }).toMatchObject({ type: "ERROR", object: { code: 410 } });
});

test("a pod runs, ends and is gone as a test says", async () => {
  const { admin } = server();
  await makeNode(admin, "worker-02");
  await makePod(admin, { namespace: "pcapper", name: "web", node: "worker-02" });
  await setPodStatus(admin, "pcapper", "web", { phase: "Running", podIP: "10.1.0.2" });
  const path = "/api/v1/namespaces/pcapper/pods/web";
  expect(await admin.get(path)).toMatchObject({ status: { phase: "Running", podIPs: [{ ip: "10.1.0.2" }] } });
  await removePod(admin, "pcapper", "web");
  expect((await admin.send("GET", path)).status).toBe(404);
});

test("a namespace that is deleted stays, and is being torn down, until a test lets it go", async () => {
  const { admin } = server();
  await makeNamespace(admin, "doomed");
  await createCapture(admin, "doomed", "kept", { targetNode: "a", targetInterface: "eth0" });
  await admin.delete("/api/v1/namespaces/doomed");
  expect(await admin.get("/api/v1/namespaces/doomed")).toMatchObject({ status: { phase: "Terminating" } });
  await deleteCapture(admin, "doomed", "kept");
  await finalizeNamespace(admin, "doomed");
  expect((await admin.send("GET", "/api/v1/namespaces/doomed")).status).toBe(404);
});
