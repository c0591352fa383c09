/** The Status object with which an exec connection ends. */
interface ExecStatus {
  status?: unknown;
  message?: unknown;
  reason?: unknown;
  details?: { causes?: { reason?: unknown; message?: unknown }[] };
}

/** The command's exit code, or why it has none: the node could not run it to its end. */
export function endOfStatus(text: string): { exitCode: number } | { lost: string } {
  const status = parsed(text);
  if (status?.status === "Success") return { exitCode: 0 };
  const cause = status?.details?.causes?.find(({ reason }) => reason === "ExitCode");
  const exitCode = Number(cause?.message ?? Number.NaN);
  if (status?.reason === "NonZeroExitCode" && Number.isInteger(exitCode)) return { exitCode };
  return {
    lost: typeof status?.message === "string" ? status.message : `the node says ${text.slice(0, 200)}`,
  };
}

function parsed(text: string): ExecStatus | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
