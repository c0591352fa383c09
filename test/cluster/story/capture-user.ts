import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { type Executed, execute } from "../../helpers/execute.ts";
import { makeTemporaryFolder } from "../../helpers/temporary-folder.ts";
import { findBinaries } from "../../kubernetes/binaries/binaries.ts";
import { NAMESPACE } from "./installation.ts";
import { apply, mustKubectl, place } from "./test-cluster.ts";

/** Somebody who has the Role pcapper-user and no other right. */
export interface CaptureUser {
  kubectl(...args: string[]): Promise<Executed>;
  pcapper(...args: string[]): Promise<Executed>;
  remove(): Promise<void>;
}

const LAUNCHER = join(import.meta.dirname, "../../../bin/pcapper");

/** As docs/install.md gives the right: by a RoleBinding of one's own. */
export async function makeCaptureUser(name: string): Promise<CaptureUser> {
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: "default" } };
  await apply(account);
  const bind = ["create", "rolebinding", name, "--role=pcapper-user", `--serviceaccount=default:${name}`];
  await mustKubectl("-n", NAMESPACE, ...bind);
  const token = await mustKubectl("create", "token", name, "-n", "default");
  const folder = makeTemporaryFolder();
  const kubeconfig = join(folder.path, "kubeconfig");
  writeFileSync(kubeconfig, withToken(readFileSync(place.kubeconfig, "utf8"), token.trim()), { mode: 0o600 });
  const surroundings = ["env", `HOME=${folder.path}`, `KUBECONFIG=${kubeconfig}`];
  const { kubectl: program } = await findBinaries();
  return {
    kubectl: (...args) => execute([...surroundings, program, ...args]),
    pcapper: (...args) => execute([...surroundings, LAUNCHER, ...args]),
    remove: async () => {
      folder.remove();
      await mustKubectl("-n", "default", "delete", "serviceaccount", name);
      await mustKubectl("-n", NAMESPACE, "delete", "rolebinding", name, "--ignore-not-found");
    },
  };
}

function withToken(text: string, token: string): string {
  const kubeconfig = parse(text) as { users: { name: string; user: object }[] };
  return stringify({ ...kubeconfig, users: kubeconfig.users.map(({ name }) => ({ name, user: { token } })) });
}
