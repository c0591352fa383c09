import { type Gap, gapFacts } from "../../agent/gaps.ts";
import type { PacketCaptureStatus } from "../../api/resource.ts";
import type { CaptureEnd } from "../../capture/native.ts";
import type { Manifest } from "./manifest.ts";
import { finishedManifest } from "./repair.ts";

/** What the status of a capture tells of its end, and its manifest does not. */
export interface ToldEnd {
  end: CaptureEnd;
  /** RFC 3339; undefined where somebody else's word has none. */
  endTime: string | undefined;
  gaps: Pick<PacketCaptureStatus, "resumes" | "gapSeconds">;
  packets: number;
  /** Counters that are better known than by the manifest. */
  counted: Readonly<Record<string, number>>;
}

/** The manifest of such a capture, whose files are whole, as it was told: one outcome, and the same gaps. */
export function toldManifest(repaired: Manifest, told: ToldEnd): Manifest {
  const { gaps = [], lastSeen = "" } = repaired;
  const statistics = { ...repaired.statistics, ...told.counted };
  const endTime = told.endTime ?? lastSeen;
  const finished = finishedManifest({ ...repaired, statistics }, told.end, endTime);
  const { resumes = 0 } = told.gaps;
  const whole = { ...finished, gaps: gaps.slice(0, resumes) };
  if (!fits(whole, told)) {
    // A gap until its end was told where no engine was there any more.
    if (fits(finished, told) || whole.gaps.length < resumes) return finished;
    // One that an engine had written, which then could not begin, was not: the capture was over before.
    const cut = { ...whole, gaps: whole.gaps.map((gap) => until(gap, endTime)) };
    if (fits(cut, told)) return cut;
  }
  return gaps.length > resumes ? withUncounted(whole, told.packets) : whole;
}

function until({ from, to }: Gap, end: string): Gap {
  return { from, to: Date.parse(to) > Date.parse(end) ? end : to };
}

function fits({ gaps = [] }: Manifest, told: ToldEnd): boolean {
  const { resumes = 0, gapSeconds = 0 } = gapFacts(gaps);
  return resumes === (told.gaps.resumes ?? 0) && gapSeconds === (told.gaps.gapSeconds ?? 0);
}

/** What a repair took for a gap is files that the ring removed after the last manifest: their engine counted them. */
function withUncounted(manifest: Manifest, told: number): Manifest {
  const { removed, statistics } = manifest;
  const { packets = 0 } = statistics;
  const more = Math.max(0, told - packets);
  return {
    ...manifest,
    removed: { ...removed, packets: removed.packets + more },
    statistics: { ...statistics, packets: packets + more },
  };
}
