import { afterAll, beforeAll } from "vitest";
import { type ApiServer, startApiServer } from "../kubernetes/api-server.ts";
import { makeNamespace } from "../kubernetes/objects.ts";
import { applyAgentRbac, applyCrd } from "../kubernetes/packet-captures.ts";

/** One API server for a test file, with the CRD, the namespace `pcapper` and the agent's rights in it. */
export function apiServerForFile(): () => ApiServer {
  let server: ApiServer | undefined;
  beforeAll(async () => {
    server = await startApiServer();
    await applyCrd(server);
    await makeNamespace(server.admin, "pcapper");
    await applyAgentRbac(server);
  }, 180_000);
  afterAll(() => server?.stop());
  return () => {
    if (server === undefined) throw new Error("the API server has not started");
    return server;
  };
}
