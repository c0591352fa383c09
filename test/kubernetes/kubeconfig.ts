import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Access } from "./api-client.ts";

export interface Kubeconfig {
  text: string;
  /** A file with the text, there as long as the API server is. */
  path: string;
}

/** A kubeconfig that stands by itself: no other file is named in it. */
export function kubeconfigText({ address, authority, token }: Access): string {
  const cluster = {
    server: address,
    "certificate-authority-data": Buffer.from(authority).toString("base64"),
  };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster }],
    users: [{ name: "test", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    "current-context": "test",
  });
}

/** A kubeconfig, and a file in `folder` with it. */
export function keepKubeconfig(folder: string, access: Access): Kubeconfig {
  const text = kubeconfigText(access);
  const path = join(folder, `${randomUUID()}.kubeconfig`);
  writeFileSync(path, text, { mode: 0o600 });
  return { text, path };
}
