/** Edit distance (insert, remove, replace, swap neighbours). Names of fields are short: no need to be clever. */
function distance(left: string, right: string): number {
  const rows = [Array.from({ length: right.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= left.length; row++) {
    const line = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      const at = (up: number, back: number) => rows[row - up]?.[column - back] ?? Number.POSITIVE_INFINITY;
      const inserted = (line[column - 1] ?? 0) + 1;
      line.push(
        Math.min(inserted, at(1, 0) + 1, at(1, 1) + (same ? 0 : 1), swapped ? at(2, 2) + 1 : inserted),
      );
    }
    rows.push(line);
  }
  return rows[left.length]?.[right.length] ?? Number.POSITIVE_INFINITY;
}

const LONGEST_NAME = 40;

/** @returns the known name that was probably meant: `captureFiler`, `capturefilter` and `filter` mean `captureFilter`. */
export function similarName(name: string, known: readonly string[]): string | undefined {
  if (name.length > LONGEST_NAME) return undefined;
  const written = name.toLowerCase().replace(/[-_ ]/g, "");
  const [nearest] = known
    .map((candidate) => ({
      candidate,
      far: distance(written, candidate.toLowerCase()),
      begun: candidate.toLowerCase().startsWith(written),
    }))
    .sort((left, right) => left.far - right.far || Number(right.begun) - Number(left.begun));
  if (nearest === undefined) return undefined;
  if (nearest.far <= Math.max(1, Math.floor(nearest.candidate.length / 4))) return nearest.candidate;
  const holding = known.filter(
    (candidate) => written.length >= 4 && candidate.toLowerCase().includes(written),
  );
  return holding.length === 1 ? holding[0] : undefined;
}
