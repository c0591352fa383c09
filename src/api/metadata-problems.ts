/** apiVersion, kind and metadata: what the API server checks outside of our schema. */
import type { Problem } from "../errors.ts";
import { type FieldPath, foundText, valueAt } from "./field-path.ts";
import { API_VERSION, KIND } from "./resource.ts";

export type LocatedProblem = Problem & { path: FieldPath };

/** The design document's own examples write the short form. */
const API_VERSIONS: readonly unknown[] = [API_VERSION, "packetcapture/v1alpha1"];

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** RFC 1123 subdomain: what names of nodes and of most resources are. */
export function isSubdomain(text: string): boolean {
  return text.length <= 253 && SUBDOMAIN.test(text);
}

/** RFC 1123 label: what names of namespaces are. */
export function isLabel(text: string): boolean {
  return text.length <= 63 && LABEL.test(text);
}

/** A document of another kind is not looked at further. */
export function kindProblems(document: unknown): LocatedProblem[] {
  const kind = valueAt(document, ["kind"]);
  const apiVersion = valueAt(document, ["apiVersion"]);
  const code = "PCAPPER_UNKNOWN_KIND";
  if (kind !== KIND) {
    const found = kind === undefined ? "missing" : foundText(kind);
    return [{ code, path: ["kind"], message: `kind is ${found}: write ${KIND}` }];
  }
  if (API_VERSIONS.includes(apiVersion)) return [];
  const found = apiVersion === undefined ? "missing" : foundText(apiVersion);
  return [{ code, path: ["apiVersion"], message: `apiVersion is ${found}: write ${API_VERSION}` }];
}

function nameProblem(document: unknown): string | undefined {
  const name = valueAt(document, ["metadata", "name"]);
  if (name === undefined) {
    return valueAt(document, ["metadata", "generateName"]) === undefined
      ? "metadata.name is missing: write a name, for example capture1"
      : "metadata.name is missing and metadata.generateName works in a cluster only: write metadata.name";
  }
  if (typeof name !== "string" || isSubdomain(name)) return undefined;
  return `metadata.name is ${foundText(name)}: write lower-case letters, digits, - and . (first and last a letter or digit), at most 253 characters`;
}

function namespaceProblem(document: unknown): string | undefined {
  const namespace = valueAt(document, ["metadata", "namespace"]);
  if (typeof namespace !== "string" || isLabel(namespace)) return undefined;
  return `metadata.namespace is ${foundText(namespace)}: write lower-case letters, digits and - (first and last a letter or digit), at most 63 characters`;
}

/** Names that Kubernetes takes are safe in paths too: no slash, no `..`, no leading dot. */
export function nameProblems(document: unknown): LocatedProblem[] {
  const code = "PCAPPER_INVALID_NAME";
  const name = nameProblem(document);
  const namespace = namespaceProblem(document);
  return [
    ...(name === undefined ? [] : [{ code, path: ["metadata", "name"], message: name } as const]),
    ...(namespace === undefined
      ? []
      : [{ code, path: ["metadata", "namespace"], message: namespace } as const]),
  ];
}
