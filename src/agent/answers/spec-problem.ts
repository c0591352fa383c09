import { FIELDS } from "../../api/generated/fields.ts";
import { API_VERSION, KIND, type PacketCapture } from "../../api/resource.ts";
import { resourceProblems } from "../../api/resource-problems.ts";

const KNOWN = new Set(FIELDS.spec);

/**
 * What is wrong with a spec that slipped past admission; undefined = nothing. Fields that this release does
 * not know are no mistake: the API server drops what its CRD does not have, so a newer one has them.
 */
export function specProblem({ metadata, spec }: PacketCapture): string | undefined {
  const resource = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: metadata.name },
    spec: known(spec),
  };
  const [first, ...others] = resourceProblems(resource);
  if (first === undefined) return undefined;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return `${first.message}${more}.`;
}

/** A copy: the check puts defaults in. */
function known(spec: unknown): unknown {
  if (typeof spec !== "object" || spec === null || Array.isArray(spec)) return spec;
  return structuredClone(Object.fromEntries(Object.entries(spec).filter(([name]) => KNOWN.has(name))));
}
