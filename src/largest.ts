/**
 * The largest of `numbers`; `least` where none is larger. `Math.max(...numbers)` puts each on the stack, which has room
 * for some 120,000: a ring has up to 99,999 files, and more than one number for each.
 */
export function largest(numbers: Iterable<number>, least: number): number {
  let most = least;
  for (const number of numbers) if (number > most) most = number;
  return most;
}
