import { setTimeout as pause } from "node:timers/promises";

const LOOK_EVERY_MS = 10;

/**
 * Looks until `look` returns something else than undefined or false.
 * @throws Error naming `what` after `seconds`
 */
export async function waitUntil<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  seconds = 15,
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await pause(LOOK_EVERY_MS);
  }
}
