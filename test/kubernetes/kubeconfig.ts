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

/** A kubeconfig that stands by itself, and a file in `folder` with it: no other file is named in it. */
export function keepKubeconfig(folder: string, { address, authority, token }: Access): Kubeconfig {
  const cluster = {
    server: address,
    "certificate-authority-data": Buffer.from(authority).toString("base64"),
  };
  const text = stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster }],
    users: [{ name: "test", user: { token } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
    "current-context": "test",
  });
  const path = join(folder, `${randomUUID()}.kubeconfig`);
  writeFileSync(path, text, { mode: 0o600 });
  return { text, path };
}
