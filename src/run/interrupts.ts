import type { StopRequest } from "../agent/session.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The exit code shells give to a process that Ctrl-C ended. */
const INTERRUPTED = 130;

/**
 * The first Ctrl-C, SIGTERM or SIGHUP asks all captures to stop and keeps their files. A second Ctrl-C
 * ends the process at once; what it leaves is whole after `pcapper recover`.
 */
export function stopOnSignals(captures: AbortController): void {
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (!captures.signal.aborted) {
        captures.abort(stopRequest(signal));
        return;
      }
      if (signal !== "SIGINT") return;
      // Should the exit itself hang, the next Ctrl-C is the kernel's.
      process.removeAllListeners(signal);
      process.exit(INTERRUPTED);
    });
  }
}

function stopRequest(signal: (typeof SIGNALS)[number]): StopRequest {
  const asker = signal === "SIGINT" ? "Ctrl-C" : signal;
  return { reason: "Stopped", message: `Stopped by ${asker}.` };
}
