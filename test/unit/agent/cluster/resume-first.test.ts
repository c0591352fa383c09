import { expect, test } from "vitest";
import { createResumeFirst, type ResumeFirst } from "../../../../src/agent/cluster/resume-first.ts";

async function isDone({ done }: ResumeFirst): Promise<boolean> {
  return Promise.race([
    done.then(() => true),
    new Promise<boolean>((resolve) => setImmediate(resolve, false)),
  ]);
}

test("a new capture waits until it is known which go on, and all of those have their room", async () => {
  const first = createResumeFirst();
  expect(await isDone(first)).toBe(false);
  first.expect(["a", "b"]);
  first.placed("b");
  expect(await isDone(first)).toBe(false);
  first.placed("a");
  expect(await isDone(first)).toBe(true);
});

test("where none goes on, nothing is waited for", async () => {
  const first = createResumeFirst();
  first.expect([]);
  expect(await isDone(first)).toBe(true);
});

test("one that was placed before the list was complete is not waited for again", async () => {
  const first = createResumeFirst();
  first.placed("a");
  first.expect(["a"]);
  expect(await isDone(first)).toBe(true);
});

test("those that come later wait for nobody", async () => {
  const first = createResumeFirst();
  first.expect(["a"]);
  first.placed("later");
  first.expect(["a", "later"]);
  first.placed("a");
  expect(await isDone(first)).toBe(true);
});
