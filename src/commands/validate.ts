import { filterProblem } from "../api/filter-problem.ts";
import { readManifestFile } from "../api/manifest-file.ts";
import { planCapture } from "../api/plan.ts";
import { planText } from "../api/plan-text.ts";
import type { Native } from "../capture/native.ts";
import { throwProblems } from "../errors.ts";
import { printable } from "../printable.ts";

export interface ValidateArguments {
  /** A path, or `-` for standard input. */
  file: string;
}

/**
 * `pcapper validate`: schema, rules and filter; opens no interface and writes nothing.
 * @returns the exit code
 * @throws PcapperError with all problems
 */
export async function validate({ file }: ValidateArguments, native: Native): Promise<number> {
  const captures = await readManifestFile(file);
  const plans = captures.map(({ capture: { metadata, spec }, where }) => ({
    name: metadata.name,
    filterAt: where(["spec", "captureFilter"]),
    plan: planCapture(spec),
    spec,
  }));
  const problems = await Promise.all(
    plans.map(({ filterAt, plan }) => filterProblem(native, filterAt, plan)),
  );
  throwProblems(problems.filter((problem) => problem !== undefined));
  for (const { name, plan, spec } of plans) {
    const stopped = spec.stop === true ? "; stop is true: it ends at once" : "";
    process.stdout.write(`${printable(`${name}: valid (${planText(plan)}${stopped})`)}\n`);
  }
  return 0;
}
