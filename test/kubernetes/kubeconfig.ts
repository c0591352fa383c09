import { stringify } from "yaml";
import type { Access } from "./api-client.ts";

/** The text of a kubeconfig file that stands by itself: no other file is named in it. */
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
