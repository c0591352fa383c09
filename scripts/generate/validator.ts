import { Ajv } from "ajv";
import standalone from "ajv/dist/standalone/index.js";
import type { SchemaNode } from "./schema.ts";

/** @returns the text of an ES module without imports whose default export is ajv's validate function. */
export function validatorModule(schema: SchemaNode): string {
  const ajv = new Ajv({
    allErrors: true,
    useDefaults: true,
    strict: true,
    strictTypes: false,
    // Otherwise maxLength imports a helper of ajv's at run time; the limits are about bytes anyway.
    unicode: false,
    logger: false, // it would only say that this option is deprecated; strict mode throws the rest
    code: { source: true, esm: true, lines: true },
    formats: { int64: true, "date-time": true },
  });
  return standalone.default(ajv, ajv.compile(schema));
}

export const VALIDATOR_TYPES = `import type { ValidateFunction } from "ajv";
declare const validate: ValidateFunction;
export default validate;
`;
