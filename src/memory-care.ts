/** Milliseconds between two looks. */
const EVERY = 10_000;
/** Bytes that a process may grow by before somebody asks what of it is garbage. */
const GROWTH = 4 << 20;
/** Bytes between two looks of a process that rests. */
const REST = 1 << 20;

export interface Memory {
  /** Bytes that the process has. */
  size(): number;
  /** Gives back what nobody uses. */
  collect(): void;
}

/**
 * V8 collects when memory is asked for, and keeps pages for the next burst: a process that had much to do and rests then
 * stays as large as it was. This one looks now and then, and never keeps the process alive. A collection stops
 * JavaScript for some 50 ms, and no capture.
 * @returns how to end it
 */
export function careForMemory({ size, collect }: Memory, every = EVERY): () => void {
  let last = size();
  let kept = last;
  const timer = setInterval(() => {
    const now = size();
    const rests = Math.abs(now - last) < REST;
    if (rests && now >= kept + GROWTH) {
      collect();
      kept = size();
    }
    // It may give back more by itself.
    kept = Math.min(kept, now);
    last = size();
  }, every);
  timer.unref();
  return () => clearInterval(timer);
}

/** Of this process; undefined where it was not started with --expose-gc. */
export function ownMemory(): Memory | undefined {
  const { gc } = globalThis;
  if (gc === undefined) return undefined;
  const all = { type: "major", execution: "sync", flavor: "last-resort" } as const;
  return { size: () => process.memoryUsage.rss(), collect: () => gc(all) };
}
