import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { configurationOf, loadConfiguration } from "../../../src/kubernetes/configuration.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pcapper-configuration-"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function kubeconfig(cluster: object, user: object): string {
  const path = join(folder, "config");
  const config = {
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
  writeFileSync(path, JSON.stringify(config));
  vi.stubEnv("KUBECONFIG", path);
  return path;
}

/** As client-node writes the service account of a pod; it does not know client-go's `tokenFile`. */
function tokenFrom(tokenFile: string): object {
  return { "auth-provider": { name: "tokenFile", config: { tokenFile } } };
}

test("KUBECONFIG says where the server is, whom to trust and who we are", async () => {
  const authority = Buffer.from("PEM").toString("base64");
  kubeconfig(
    { server: "https://server:6443/k8s/clusters/c1/", "certificate-authority-data": authority },
    { token: "t1" },
  );
  const { server, credentials } = await loadConfiguration();
  expect(server).toBe("https://server:6443/k8s/clusters/c1");
  expect(await credentials()).toEqual({ ca: Buffer.from("PEM"), headers: { authorization: "Bearer t1" } });
});

test("a token's file is read for each request: it changes while we live", async () => {
  const tokenFile = join(folder, "token");
  writeFileSync(tokenFile, "t1\n");
  kubeconfig({ server: "https://server:6443" }, tokenFrom(tokenFile));
  const { credentials } = await loadConfiguration();
  expect((await credentials()).headers.authorization).toBe("Bearer t1");
  writeFileSync(tokenFile, "t2\n");
  expect((await credentials()).headers.authorization).toBe("Bearer t2");
});

test("a token's file that is gone is an error of that request", async () => {
  kubeconfig({ server: "https://server:6443" }, tokenFrom(join(folder, "none")));
  const { credentials } = await loadConfiguration();
  await expect(credentials()).rejects.toThrow("ENOENT");
});

test("the service account of a pod is used where there is one", async () => {
  vi.stubEnv("KUBERNETES_SERVICE_HOST", "fd00::1");
  vi.stubEnv("KUBERNETES_SERVICE_PORT", "443");
  writeFileSync(join(folder, "token"), "t1");
  writeFileSync(join(folder, "ca"), "PEM");
  const config = new KubeConfig();
  config.loadFromCluster();
  const [cluster] = config.clusters;
  const [user] = config.users;
  if (cluster === undefined || user === undefined) throw new Error("client-node made no configuration");
  const authProvider = { name: "tokenFile", config: { tokenFile: join(folder, "token") } };
  config.loadFromClusterAndUser({ ...cluster, caFile: join(folder, "ca") }, { ...user, authProvider });
  const { server, credentials } = configurationOf(config);
  expect(server).toBe("https://[fd00::1]:443");
  const told = {
    headers: { authorization: "Bearer t1" },
    ca: Buffer.from("PEM"),
    rejectUnauthorized: undefined,
  };
  expect(await credentials()).toMatchObject({ headers: told.headers, ca: told.ca });
});

test.each([
  ["a file that is not there", "/nowhere/config", /cannot be read: ENOENT/],
  ["no configuration at all", "", /but there is none\.$/],
])("%s is a sentence about the environment", async (_name, path, sentence) => {
  vi.stubEnv("KUBECONFIG", path);
  vi.stubEnv("HOME", folder);
  await expect(loadConfiguration()).rejects.toMatchObject({
    code: "PCAPPER_BAD_ENVIRONMENT",
    message: expect.stringMatching(sentence),
  });
});

test.each(["{", "[]", "current-context: none"])(
  "a kubeconfig that reads %j is a sentence about the environment",
  async (text) => {
    const path = join(folder, "config");
    writeFileSync(path, text);
    vi.stubEnv("KUBECONFIG", path);
    await expect(loadConfiguration()).rejects.toMatchObject({ code: "PCAPPER_BAD_ENVIRONMENT" });
  },
);
