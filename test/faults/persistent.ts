import { setTimeout as pause } from "node:timers/promises";

/** Milliseconds. */
const AGAIN = 100;
const LONGEST = 60_000;

/** Asks the API server until it answers: it may be away just now. @throws what came after a minute */
export async function persistent<T>(ask: () => Promise<T>): Promise<T> {
  const end = Date.now() + LONGEST;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (Date.now() > end) throw error;
      await pause(AGAIN);
    }
  }
}
