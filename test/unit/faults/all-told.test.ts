import { expect, test } from "vitest";
import { allTold } from "../../faults/afterwards.ts";
import type { Life, Lives } from "../../faults/lives.ts";
import type { Injection } from "../../faults/oracle/observation.ts";
import type { CaptureWatch } from "../../faults/watch-captures.ts";
import type { ApiServer } from "../../kubernetes/api-server.ts";

/** An API server that has the Event of the end from the `from`th question on. @returns how often it was asked */
async function asked(from: number, injections: Injection[], life: Partial<Life> = {}): Promise<number> {
  let questions = 0;
  const event = { reason: "TimeElapsed", type: "Normal", message: "", involvedObject: { uid: "u" } };
  const get = async () => {
    questions += 1;
    return { items: questions < from ? [] : [event] };
  };
  const server = { admin: { get } } as unknown as ApiServer;
  const lives = { all: () => [{ uid: "u", planned: { name: "one" }, ...life }] } as unknown as Lives;
  const history = () => [{ at: 0, status: { progress: "finished", reason: "TimeElapsed" } as const }];
  await allTold({ server }, lives, { history } as unknown as CaptureWatch, injections);
  return questions;
}

test("the Event of an end is waited for", async () => {
  expect(await asked(1, [])).toBe(1);
  expect(await asked(3, [{ kind: "api-fails", from: 0, to: Date.now() }])).toBe(3);
});

test("of a capture that is gone nothing is waited for", async () => {
  expect(await asked(9, [], { deletedAt: 1 })).toBe(0);
});
