import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { loadConfiguration } from "../../../src/kubernetes/configuration.ts";
import { serviceAccountConfiguration } from "../../../src/kubernetes/service-account.ts";

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

const IN_POD = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };

test("a pod's service account says where the server is, and its files are read for each request", async () => {
  writeFileSync(join(folder, "token"), "t1\n");
  writeFileSync(join(folder, "ca.crt"), "PEM");
  const found = serviceAccountConfiguration(IN_POD, folder);
  expect(found?.server).toBe("https://10.0.0.1:443");
  expect(await found?.credentials()).toEqual({
    ca: Buffer.from("PEM"),
    headers: { authorization: "Bearer t1" },
  });
  writeFileSync(join(folder, "token"), "t2\n");
  writeFileSync(join(folder, "ca.crt"), "PEM2");
  expect(await found?.credentials()).toEqual({
    ca: Buffer.from("PEM2"),
    headers: { authorization: "Bearer t2" },
  });
});

test("an IPv6 address of the server stands in brackets", () => {
  writeFileSync(join(folder, "token"), "t1");
  const { server } =
    serviceAccountConfiguration({ ...IN_POD, KUBERNETES_SERVICE_HOST: "fd00::1" }, folder) ?? {};
  expect(server).toBe("https://[fd00::1]:443");
});

test("without its variables or its token there is no service account", () => {
  expect(serviceAccountConfiguration(IN_POD, folder)).toBeUndefined();
  writeFileSync(join(folder, "token"), "t1");
  expect(serviceAccountConfiguration({}, folder)).toBeUndefined();
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
