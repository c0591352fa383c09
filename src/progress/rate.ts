/** How many packets there were at a time in milliseconds. */
export interface Sample {
  time: number;
  packets: number;
}

/** Milliseconds the rate is taken over. */
const WINDOW = 3000;
/** Milliseconds after which counters that stay the same say that nothing comes: the engine counts once a second. */
const STANDS_STILL = 1500;

/**
 * The samples with what the counters say now, oldest first. A value that was seen before says nothing about this
 * moment: the engine has not counted since.
 */
export function withSample(samples: readonly Sample[], now: Sample): Sample[] {
  const last = samples.at(-1);
  const isNews = last === undefined || last.packets !== now.packets || now.time - last.time >= STANDS_STILL;
  const all = isNews ? [...samples, now] : samples;
  return all.filter(({ time }, index) => time >= now.time - WINDOW || index === all.length - 1);
}

/** Packets a second between two samples. */
export function packetRate(from: Sample | undefined, to: Sample | undefined): number {
  if (from === undefined || to === undefined || to.time <= from.time) return 0;
  return Math.max(0, Math.round(((to.packets - from.packets) * 1000) / (to.time - from.time)));
}
