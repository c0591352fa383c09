/** Milliseconds until a sentence is said again. */
const AGAIN_AFTER = 600_000;
/** Sentences in that time: one is about one resource, and there may be thousands. */
const MOST = 20;

export interface Trouble {
  /** HTTP; 0 where nobody answered. */
  status: number;
  message: string;
}

/**
 * Says why requests fail that are made again until they are answered: each sentence once in ten minutes, however often
 * they are. A conflict is not told: several agents look at one resource, and one is first.
 * @param monotonic ms
 */
export function createTroubleLog(
  say: (sentence: string) => void,
  monotonic: () => number = () => performance.now(),
): (trouble: Trouble) => void {
  const said = new Map<string, number>();
  return ({ status, message }) => {
    const now = monotonic();
    for (const [sentence, at] of said) if (now - at >= AGAIN_AFTER) said.delete(sentence);
    if (status === 409 || said.has(message) || said.size >= MOST) return;
    said.set(message, now);
    say(`The API server did not do what was asked; it is asked again until it does: ${message}`);
  };
}
