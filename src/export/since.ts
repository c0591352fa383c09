import { parseDuration } from "../duration.ts";
import { PcapperError } from "../errors.ts";

export interface SinceArguments {
  since?: string | undefined;
  sinceTime?: string | undefined;
}

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/;

/**
 * The time `--since` or `--since-time` names, in ms since 1970; undefined where neither is there.
 * @throws PcapperError PCAPPER_BAD_ARGUMENT
 */
export function sinceTime({ since, sinceTime: time }: SinceArguments, now: number): number | undefined {
  if (since !== undefined && time !== undefined)
    throw wrong("--since and --since-time are both there: write one");
  if (since !== undefined) {
    const seconds = parseDuration(since);
    if (seconds === undefined)
      throw wrong(`--since is "${since}": write a duration, for example 2h, 90m or 1d12h`);
    return now - seconds * 1000;
  }
  if (time === undefined) return undefined;
  const at = RFC3339.test(time) ? Date.parse(time) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw wrong(`--since-time is "${time}": write RFC 3339, for example 2026-11-24T08:00:00Z`);
}

function wrong(message: string): PcapperError {
  return new PcapperError("PCAPPER_BAD_ARGUMENT", message);
}
