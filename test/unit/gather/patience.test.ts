import { expect, test } from "vitest";
import { ConnectionLost } from "../../../src/gather/export-transport.ts";
import { type Patience, withPatience } from "../../../src/gather/patience.ts";

const LOST = new ConnectionLost("no route");
const QUICK: Patience = { tries: 8, within: 60_000, backoff: { first: 1, most: 1 } };
const { signal } = new AbortController();

/** How often it tries when every attempt is lost; `received` is told by each. */
async function triesOf(patience: Patience, received: (tries: number) => number = () => 0): Promise<number> {
  let tries = 0;
  const attempt = async (): Promise<never> => {
    tries += 1;
    throw LOST;
  };
  await expect(
    withPatience(
      attempt,
      patience,
      signal,
      () => received(tries),
      () => undefined,
    ),
  ).rejects.toBe(LOST);
  return tries;
}

test("a node that is lost each time is given up after so many tries", async () => {
  expect(await triesOf(QUICK)).toBe(8);
});

test("where the tries take too long, a few are enough", async () => {
  expect(await triesOf({ ...QUICK, within: 0 })).toBe(3);
  expect(await triesOf({ ...QUICK, within: 0, tries: 2 })).toBe(2);
});

test("a byte begins the count anew", async () => {
  expect(await triesOf(QUICK, (tries) => Math.min(tries, 5))).toBe(12);
});

test("what is no loss is told at once", async () => {
  const attempt = async (): Promise<never> => {
    throw new Error("disk full");
  };
  const ended = withPatience(
    attempt,
    QUICK,
    signal,
    () => 0,
    () => undefined,
  );
  await expect(ended).rejects.toThrow("disk full");
});
