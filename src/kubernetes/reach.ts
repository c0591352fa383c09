/** Whether the API can be reached, by what became of the requests. */
export interface Reach {
  /** It answered. */
  seen(): void;
  /** A request got no answer. */
  missed(): void;
  /** When it last answered, in ms of `performance.now()`; -Infinity before it did. */
  lastSeen(): number;
  /** Calls `listener` whenever it answers again after it did not. @returns how to end that */
  onReturn(listener: () => void): () => void;
}

export function createReach(): Reach {
  const listeners = new Set<() => void>();
  let lastSeen = Number.NEGATIVE_INFINITY;
  let isAway = false;
  return {
    seen: () => {
      lastSeen = performance.now();
      if (!isAway) return;
      isAway = false;
      for (const listener of [...listeners]) listener();
    },
    missed: () => {
      isAway = true;
    },
    lastSeen: () => lastSeen,
    onReturn: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
