import type { StopRequest } from "../agent/session.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The exit code shells give to a process that Ctrl-C ended. */
const INTERRUPTED = 130;

/**
 * The first Ctrl-C, SIGTERM or SIGHUP asks all captures to stop and keeps their files. A second Ctrl-C
 * ends the process at once; what it leaves is whole after `pcapper recover`.
 * A hangup that is listened to already is one to ignore (src/main.ts).
 */
export function stopOnSignals(captures: AbortController, say: (line: string) => void): void {
  for (const signal of SIGNALS) {
    if (signal === "SIGHUP" && process.listenerCount(signal) > 0) continue;
    process.on(signal, () => {
      if (!captures.signal.aborted) {
        say(`Stopping (${askerOf(signal)}): files are being made whole; Ctrl-C again to leave at once.`);
        captures.abort({
          reason: "Stopped",
          message: `Stopped by ${askerOf(signal)}.`,
        } satisfies StopRequest);
        return;
      }
      if (signal !== "SIGINT") return;
      // Should the exit itself hang, the next Ctrl-C is the kernel's.
      process.removeAllListeners(signal);
      process.exit(INTERRUPTED);
    });
  }
}

function askerOf(signal: (typeof SIGNALS)[number]): string {
  return signal === "SIGINT" ? "Ctrl-C" : signal;
}
