import { type BackoffRange, createBackoff } from "../kubernetes/backoff.ts";
import { ConnectionLost } from "./export-transport.ts";

export interface Patience {
  /** Tries without progress after which a node is given up. */
  tries: number;
  backoff: BackoffRange;
}

/** About half a minute in all: an API server that is restarted is back by then. */
export const PATIENCE: Patience = { tries: 8, backoff: { first: 1000, most: 20_000 } };

/**
 * Does `attempt` again each time the connection was lost.
 * @param progress a number that grows with what was received: then the count of tries begins anew
 * @param onLost told before each pause
 * @throws ConnectionLost, the last one; anything else at once
 */
export async function withPatience<T>(
  attempt: () => Promise<T>,
  { tries, backoff: range }: Patience,
  signal: AbortSignal,
  progress: () => number,
  onLost: (error: ConnectionLost) => void,
): Promise<T> {
  const backoff = createBackoff(signal, { range });
  let before = progress();
  let failed = 0;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      if (progress() > before) {
        failed = 0;
        backoff.reset();
      }
      before = progress();
      failed += 1;
      if (failed >= tries) throw error;
      onLost(error);
      await backoff.wait();
    }
  }
}
