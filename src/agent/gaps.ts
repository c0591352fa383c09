import type { PacketCaptureStatus } from "../api/resource.ts";

/**
 * What a status says of the times in which nothing was captured. From the manifest's list, which is written
 * before a packet is: an agent that dies before its status is there takes nothing away.
 * @param gaps JSON array of `{from, to}`, RFC 3339
 */
export function gapFacts(gaps: string): Pick<PacketCaptureStatus, "resumes" | "gapSeconds"> {
  const all = JSON.parse(gaps) as { from: string; to: string }[];
  const milliseconds = all.map(({ from, to }) => Math.max(0, Date.parse(to) - Date.parse(from)));
  return {
    resumes: all.length,
    gapSeconds: Math.round(milliseconds.reduce((sum, each) => sum + each, 0) / 1000),
  };
}
