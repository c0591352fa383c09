import { beforeAll, describe, expect, test } from "vitest";
import { makeNamespace } from "../kubernetes/objects.ts";
import { installedForFile } from "./release.ts";

/** `kubectl auth can-i` for who meets pcapper: what docs/security.md says of them. */

const server = installedForFile({
  users: [{ kind: "User", name: "ann", apiGroup: "rbac.authorization.k8s.io" }],
});

/** No controller adds up the rules of `edit` and `admin` here: their parts are bound instead. */
const PARTS = {
  edward: ["system:aggregate-to-edit", "system:aggregate-to-view"],
  ada: ["system:aggregate-to-admin", "system:aggregate-to-edit", "system:aggregate-to-view"],
} as const;

beforeAll(async () => {
  const { admin } = server();
  await makeNamespace(admin, "shop");
  for (const [user, roles] of Object.entries(PARTS)) {
    for (const role of roles) {
      for (const namespace of ["shop", "pcapper"]) {
        await admin.post(`/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`, {
          metadata: { name: `${user}-${role.replaceAll(":", "-")}` },
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
          subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
        });
      }
    }
  }
});

const AGENT = "system:serviceaccount:pcapper:pcapper-agent";
const CAPTURES = "packetcaptures.packetcapture.pcapper";

/** Who, verb, resource (with a subresource or a name), namespace ("" = none, "*" = all), and the answer. */
const TABLE: readonly [string, string, string, string, "yes" | "no"][] = [
  [AGENT, "list", CAPTURES, "pcapper", "yes"],
  [AGENT, "patch", `${CAPTURES}/status`, "pcapper", "yes"],
  [AGENT, "list", "pods", "*", "yes"],
  [AGENT, "create", "events", "shop", "yes"],
  [AGENT, "get", "nodes", "", "yes"],
  [AGENT, "get", "namespaces/pcapper", "pcapper", "yes"],
  [AGENT, "list", CAPTURES, "shop", "no"],
  [AGENT, "create", CAPTURES, "pcapper", "no"],
  [AGENT, "patch", CAPTURES, "pcapper", "no"],
  [AGENT, "delete", CAPTURES, "pcapper", "no"],
  [AGENT, "create", "pods", "pcapper", "no"],
  [AGENT, "create", "pods/exec", "pcapper", "no"],
  [AGENT, "get", "pods/log", "pcapper", "no"],
  [AGENT, "get", "secrets", "pcapper", "no"],
  [AGENT, "list", "secrets", "*", "no"],
  [AGENT, "get", "configmaps", "pcapper", "no"],
  [AGENT, "patch", "nodes", "", "no"],
  [AGENT, "create", "serviceaccounts/token", "pcapper", "no"],
  [AGENT, "update", "daemonsets.apps", "pcapper", "no"],
  [AGENT, "*", "*", "*", "no"],

  ["ann", "create", CAPTURES, "pcapper", "yes"],
  ["ann", "patch", CAPTURES, "pcapper", "yes"],
  ["ann", "delete", CAPTURES, "pcapper", "yes"],
  ["ann", "watch", CAPTURES, "pcapper", "yes"],
  ["ann", "list", "events", "pcapper", "yes"],
  ["ann", "list", "pods", "pcapper", "yes"],
  ["ann", "get", "pods/log", "pcapper", "yes"],
  ["ann", "create", "pods/exec", "pcapper", "yes"],
  ["ann", "get", "pods/exec", "pcapper", "yes"],
  ["ann", "patch", `${CAPTURES}/status`, "pcapper", "no"],
  ["ann", "create", CAPTURES, "shop", "no"],
  ["ann", "create", "pods/exec", "shop", "no"],
  ["ann", "get", "pods", "shop", "no"],
  ["ann", "create", "pods", "pcapper", "no"],
  ["ann", "create", "pods/attach", "pcapper", "no"],
  ["ann", "create", "pods/portforward", "pcapper", "no"],
  ["ann", "patch", "pods/ephemeralcontainers", "pcapper", "no"],
  ["ann", "update", "daemonsets.apps", "pcapper", "no"],
  ["ann", "get", "secrets", "pcapper", "no"],
  ["ann", "create", "serviceaccounts/token", "pcapper", "no"],
  ["ann", "get", "nodes", "", "no"],

  ["edward", "create", "pods/exec", "shop", "yes"],
  ["edward", "get", CAPTURES, "shop", "no"],
  ["edward", "create", CAPTURES, "shop", "no"],
  ["edward", "get", CAPTURES, "pcapper", "no"],
  ["edward", "create", CAPTURES, "pcapper", "no"],
  ["edward", "patch", `${CAPTURES}/status`, "pcapper", "no"],
  ["ada", "create", CAPTURES, "shop", "no"],
  ["ada", "create", CAPTURES, "pcapper", "no"],
];

async function canI(who: string, verb: string, resource: string, place: string): Promise<string> {
  const subresource = /^([^/]+)\/(status|exec|log|attach|portforward|ephemeralcontainers|token)$/.exec(
    resource,
  );
  const [, name = "", below = ""] = subresource ?? [];
  const what = subresource === null ? [resource] : [name, `--subresource=${below}`];
  const where = place === "*" ? ["--all-namespaces"] : place === "" ? [] : [`--namespace=${place}`];
  const { stdout } = await server().kubectl("auth", "can-i", `--as=${who}`, verb, ...what, ...where);
  return /^(yes|no)\b/.exec(stdout)?.[0] ?? stdout;
}

describe("may it?", () => {
  test.each(TABLE)("%s: %s %s in namespace '%s': %s", async (who, verb, resource, place, answer) => {
    expect(await canI(who, verb, resource, place)).toBe(answer);
  });
});
