import { celProblems } from "./cel-rules.ts";
import type { FieldProblem } from "./field-path.ts";
import { MOST_SHAPE_PROBLEMS, shapeProblems } from "./shape-problems.ts";

/**
 * All that an API server would refuse, and unknown fields. Puts the schema's defaults into `resource`.
 * @param oldResource what is stored already, where this is a change of it.
 */
export function resourceProblems(resource: unknown, oldResource?: unknown): FieldProblem[] {
  const shape = shapeProblems(resource);
  if (shape.length === MOST_SHAPE_PROBLEMS) return shape;
  const wrongPlaces = shape.map((problem) => problem.path);
  return [...shape, ...celProblems(resource, oldResource, wrongPlaces)];
}
