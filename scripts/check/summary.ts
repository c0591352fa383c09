import type { Outcome } from "./run-suite.ts";

/**
 * A line for each suite, the names of what was skipped, and the closing line. Where nothing may be
 * skipped (CI), each skip counts as a failure.
 */
export function summary(outcomes: Outcome[], skipsFail: boolean): { lines: string[]; failed: number } {
  const width = Math.max(0, ...outcomes.map(({ name }) => name.length));
  const suites = outcomes.map((o) => `${o.name.padEnd(width)}  ${told(o)}`);
  const skipped = outcomes.flatMap((o) => o.skipped.map((name) => `skipped: ${name}`));
  const passed = outcomes.reduce((sum, o) => sum + o.passed, 0);
  const failed = outcomes.reduce((sum, o) => sum + o.failed, 0) + (skipsFail ? skipped.length : 0);
  return { lines: [...suites, ...skipped, `${passed} passed, ${failed} failed`], failed };
}

function told({ passed, failed, skipped, seconds, skipReason }: Outcome): string {
  if (skipReason !== undefined) return `skipped: ${skipReason}`;
  const parts = [`${passed} passed`, `${failed} failed`];
  if (skipped.length > 0) parts.push(`${skipped.length} skipped`);
  return `${parts.join(", ")} (${seconds} s)`;
}
