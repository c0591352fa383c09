import { expect, test } from "vitest";
import { isGone } from "../../../src/kubernetes/deletion.ts";
import { KubernetesError } from "../../../src/kubernetes/kubernetes-error.ts";

const ONE = { namespace: "pcapper", name: "one", uid: "u1" };
const capture = (uid: string) => ({ metadata: { name: "one", uid } });
/** As kube-apiserver answers for a resource that no CRD defines. */
const missing = new KubernetesError("404 page not found", { status: 404, body: "404 page not found\n" });
const away = new KubernetesError("away", { status: 0 });

type Answer = object | undefined | KubernetesError;

/** Whether the capture is gone, or the error that it cannot be known for. */
function ask(ofCapture: Answer, ofDefinition?: Answer): Promise<unknown> {
  const api = {
    get: async <T>(path: string): Promise<T | undefined> => {
      const answer = path.includes("customresourcedefinitions") ? ofDefinition : ofCapture;
      if (answer instanceof KubernetesError) throw answer;
      return answer as T | undefined;
    },
  };
  return isGone(api, ONE).catch((error: unknown) => error);
}

test.each<[string, Answer, Answer, unknown]>([
  ["it is there", capture("u1"), undefined, false],
  ["it is not there", undefined, undefined, true],
  ["another has its name", capture("u2"), undefined, true],
  ["its definition is gone", missing, undefined, true],
  ["its definition is being deleted", missing, { metadata: { deletionTimestamp: "2026" } }, true],
  ["its definition is there, and the API server does not serve it yet", missing, { metadata: {} }, missing],
  ["its definition cannot be asked for", missing, away, away],
  ["the API is away", away, undefined, away],
])("whether a capture is gone where %s", async (_name, ofCapture, ofDefinition, expected) => {
  expect(await ask(ofCapture, ofDefinition)).toBe(expected);
});
