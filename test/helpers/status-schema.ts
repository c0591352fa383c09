import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { parse } from "yaml";

const CRD = join(import.meta.dirname, "../../chart/crd/packetcaptures.yaml");

interface Crd {
  spec: { versions: { schema: { openAPIV3Schema: { properties: { status: object } } } }[] };
}

/** Judges a status as the API server would: one that it refuses would be written again and again, for ever. */
export function statusValidator(): ValidateFunction {
  const ajv = new Ajv({ strict: false });
  ajv.addFormat("date-time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/);
  ajv.addFormat("int64", { type: "number", validate: (value) => Number.isInteger(value) && value < 2 ** 63 });
  const [version] = (parse(readFileSync(CRD, "utf8")) as Crd).spec.versions;
  if (version === undefined) throw new Error("the CRD has no version");
  return ajv.compile(version.schema.openAPIV3Schema.properties.status);
}
