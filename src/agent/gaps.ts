import type { PacketCaptureStatus } from "../api/resource.ts";

/** A time in which nothing was captured because the agent was gone, RFC 3339. */
export interface Gap {
  from: string;
  to: string;
}

/** One gap with what a repair found uncounted just before it. */
export function withGap(gaps: readonly Gap[], from: string, to: string): Gap[] {
  const last = gaps.at(-1);
  return last?.to === from ? [...gaps.slice(0, -1), { from: last.from, to }] : [...gaps, { from, to }];
}

/** With the true end of the last one, where a capture goes on: ms since 1970, 0 = not yet. */
export function closedGaps(gaps: readonly Gap[], resumedTime: number): readonly Gap[] {
  const last = gaps.at(-1);
  if (last === undefined || resumedTime === 0) return gaps;
  return [...gaps.slice(0, -1), { from: last.from, to: new Date(resumedTime).toISOString() }];
}

/**
 * What a status says of the times in which nothing was captured. From the manifest's list, which is written
 * before a packet is: an agent that dies before its status is there takes nothing away.
 */
export function gapFacts(gaps: readonly Gap[]): Pick<PacketCaptureStatus, "resumes" | "gapSeconds"> {
  if (gaps.length === 0) return {};
  const milliseconds = gaps.map(({ from, to }) => Math.max(0, Date.parse(to) - Date.parse(from)));
  return {
    resumes: gaps.length,
    gapSeconds: Math.round(milliseconds.reduce((sum, each) => sum + each, 0) / 1000),
  };
}
