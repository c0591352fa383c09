import { afterAll, beforeAll } from "vitest";
import { type ApiServer, startApiServer } from "../kubernetes/api-server.ts";
import { chartFolder, mustHelm, type Values, valueOptions } from "../kubernetes/helm.ts";

/** An API server for a test file, with the chart installed by helm as a user would. */
export function installedForFile(values: Values = {}): () => ApiServer {
  let server: ApiServer | undefined;
  beforeAll(async () => {
    server = await startApiServer();
    await install(server, values);
  }, 180_000);
  afterAll(() => server?.stop());
  return () => {
    if (server === undefined) throw new Error("the API server has not started");
    return server;
  };
}

export async function install(server: ApiServer, values: Values = {}, release = "pcapper"): Promise<string> {
  return mustHelm(installCommand(values, release), server.adminKubeconfig.path);
}

export function installCommand(values: Values = {}, release = "pcapper", ...more: string[]): string[] {
  const place = ["--namespace", "pcapper", "--create-namespace"];
  return ["install", release, chartFolder, ...place, ...valueOptions(values), ...more];
}
