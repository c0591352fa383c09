import { existsSync, readFileSync } from "node:fs";

export interface Counts {
  passed: number;
  failed: number;
  /** Names of what was skipped. */
  skipped: string[];
}

interface VitestReport {
  success: boolean;
  testResults: {
    name: string;
    status: string;
    assertionResults: { fullName: string; status: string }[];
  }[];
}

const CLOSING_LINE = /^(\d+) passed, (\d+) failed$/gm;

/**
 * What a suite counted: vitest by its report, others by a closing line `N passed, N failed` where they
 * print one, else as one. A suite that ends badly counts at least one failure.
 */
export function countsOf(ok: boolean, output: string, vitestReport?: string): Counts {
  const counts = vitestReport === undefined ? fromOutput(ok, output) : fromVitest(vitestReport);
  return !ok && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

function fromOutput(ok: boolean, output: string): Counts {
  const closing = [...output.matchAll(CLOSING_LINE)].at(-1);
  if (closing === undefined) return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: [] };
  return { passed: Number(closing[1]), failed: Number(closing[2]), skipped: [] };
}

function fromVitest(path: string): Counts {
  if (!existsSync(path)) return { passed: 0, failed: 1, skipped: [] };
  const { testResults } = JSON.parse(readFileSync(path, "utf8")) as VitestReport;
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const brokenFiles = testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((t) => t.status === "failed"),
  );
  return {
    passed: tests.filter(({ status }) => status === "passed").length,
    failed: tests.filter(({ status }) => status === "failed").length + brokenFiles.length,
    skipped: tests.filter(({ status }) => status !== "passed" && status !== "failed").map((t) => t.fullName),
  };
}
