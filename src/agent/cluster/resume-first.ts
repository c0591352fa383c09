/** Captures that go on have their room before a new one is let in: it was promised to them. */
export interface ResumeFirst {
  /** What this node has begun and not ended when its agent begins, by uid. Only the first call counts. */
  expect(uids: readonly string[]): void;
  /** The capture has its room now, or needs none. */
  placed(uid: string): void;
  /** All that were expected have been placed. */
  done: Promise<void>;
}

export function createResumeFirst(): ResumeFirst {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const early = new Set<string>();
  let waiting: Set<string> | undefined;
  const look = (): void => {
    if (waiting?.size === 0) resolve();
  };
  return {
    expect: (uids) => {
      waiting ??= new Set(uids.filter((uid) => !early.has(uid)));
      early.clear();
      look();
    },
    placed: (uid) => {
      // A list of several pages has work begun before it is complete.
      if (waiting === undefined) early.add(uid);
      waiting?.delete(uid);
      look();
    },
    done,
  };
}
