import { type BackoffRange, createBackoff } from "../kubernetes/backoff.ts";
import { ConnectionLost } from "./export-transport.ts";

export interface Patience {
  /** Tries without progress after which a node is given up. */
  tries: number;
  /** Milliseconds without progress after which a few tries are enough: each that nobody answers takes long itself. */
  within: number;
  backoff: BackoffRange;
}

/** About half a minute where each try fails at once: an API server that is restarted is back by then. */
export const PATIENCE: Patience = { tries: 8, within: 60_000, backoff: { first: 1000, most: 20_000 } };

/** A checksum of a large file makes no progress for minutes: one break in it is no reason to give a node up. */
const A_FEW = 3;

/**
 * Does `attempt` again each time the connection was lost.
 * @param progress a number that grows with what was received: then the count of tries begins anew
 * @param onLost told before each pause
 * @throws ConnectionLost, the last one; anything else at once
 */
export async function withPatience<T>(
  attempt: () => Promise<T>,
  { tries, within, backoff: range }: Patience,
  signal: AbortSignal,
  progress: () => number,
  onLost: (error: ConnectionLost) => void,
): Promise<T> {
  const backoff = createBackoff(signal, { range });
  let before = progress();
  let failed = 0;
  let since = performance.now();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      if (progress() > before) {
        failed = 0;
        since = performance.now();
        backoff.reset();
      }
      before = progress();
      failed += 1;
      const enough = performance.now() - since >= within ? Math.min(A_FEW, tries) : tries;
      if (failed >= enough) throw error;
      onLost(error);
      await backoff.wait();
    }
  }
}
