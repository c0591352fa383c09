const SHAPE = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/;

/** @returns seconds of `2d12h`, `90m`, `45s`; undefined for anything else, a bare number too: its unit is a guess. */
export function parseDuration(text: string): number | undefined {
  const match = SHAPE.exec(text);
  if (match === null || text === "") return undefined;
  const [, days = "0", hours = "0", minutes = "0", seconds = "0"] = match;
  return Number(days) * 86_400 + Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
}
