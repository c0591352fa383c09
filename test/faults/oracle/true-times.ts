/** Times that an agent told while its clock was off, as they really were: an hour cannot be mistaken. */
import type { PacketCaptureStatus } from "../../../src/api/resource.ts";
import type { FaultKind } from "../scenario.ts";
import type { CaptureSeen, Injection, Moment, Observation } from "./observation.ts";

/** Milliseconds that its clock is ahead. */
const OFF: Partial<Record<FaultKind, number>> = { "clock-ahead": 3_600_000, "clock-behind": -3_540_000 };

/** Milliseconds that the agent's process takes to notice that its clock is another. */
const NOTICED = 3000;

function clockFaults({ injections }: Observation): Injection[] {
  return injections.filter(({ kind }) => OFF[kind] !== undefined);
}

export function withTrueTimes(seen: Observation): Observation {
  const faults = clockFaults(seen);
  if (faults.length === 0) return seen;
  const right: Right = (told, since = Infinity) => {
    const fault = faults.find(({ kind, from, to }) => {
      const then = told - (OFF[kind] ?? 0);
      return then >= Math.min(from, since) && then <= to + NOTICED;
    });
    return fault === undefined ? told : told - (OFF[fault.kind] ?? 0);
  };
  return { ...seen, captures: seen.captures.map((capture) => ofCapture(capture, right)) };
}

/** `since`: a time from then on may have been told in that hour, too, though the clock was right when it was. */
type Right = (told: Moment, since?: Moment) => Moment;

function ofCapture(capture: CaptureSeen, right: Right): CaptureSeen {
  const history = capture.history.map(({ at, status }) => ({ at, status: ofStatus(status, right) }));
  const { manifest } = capture;
  if (manifest === undefined) return { ...capture, history };
  const { startTime, endTime, gaps } = manifest;
  return {
    ...capture,
    history,
    manifest: {
      ...manifest,
      startTime: right(startTime),
      ...(endTime === undefined ? {} : { endTime: right(endTime) }),
      // Who comes back tells by its clock since when nothing was captured.
      gaps: gaps.map(({ from, to }) => ({ from: right(from, capture.createdAt), to: right(to) })),
    },
  };
}

function ofStatus(status: PacketCaptureStatus | undefined, right: Right): PacketCaptureStatus | undefined {
  if (status === undefined) return undefined;
  const text = (time: string) => new Date(right(Date.parse(time))).toISOString();
  const { startTime, endTime } = status;
  return {
    ...status,
    ...(startTime === undefined ? {} : { startTime: text(startTime) }),
    ...(endTime === undefined ? {} : { endTime: text(endTime) }),
  };
}
