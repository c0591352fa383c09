import { beforeEach, expect, test } from "vitest";
import { createTroubleLog, type Trouble } from "../../../src/kubernetes/trouble-log.ts";

const MINUTE = 60_000;
const HEAD = "The API server did not do what was asked; it is asked again until it does: ";
const REFUSED: Trouble = { status: 403, message: "GET /a: 403, a is forbidden" };
const AWAY: Trouble = { status: 0, message: "GET /a: no usable answer from https://b: connect ECONNREFUSED" };

let said: string[];
let now: number;
let trouble: (trouble: Trouble) => void;
beforeEach(() => {
  said = [];
  now = 1000;
  trouble = createTroubleLog(
    (sentence) => said.push(sentence),
    () => now,
  );
});

test("each reason is said once, however often it comes", () => {
  for (let times = 0; times < 100; times += 1) {
    trouble(REFUSED);
    trouble(AWAY);
    now += 1000;
  }
  expect(said).toEqual([HEAD + REFUSED.message, HEAD + AWAY.message]);
});

test("one that lasts is said again after ten minutes", () => {
  for (let minutes = 0; minutes <= 20; minutes += 1) {
    trouble(REFUSED);
    now += MINUTE;
  }
  expect(said).toHaveLength(3);
});

test("a thousand resources that are refused make twenty lines in ten minutes", () => {
  const all = () => {
    for (let index = 0; index < 1000; index += 1) trouble({ status: 403, message: `PATCH /${index}: 403` });
  };
  all();
  expect(said).toHaveLength(20);
  now += 10 * MINUTE;
  all();
  expect(said).toHaveLength(40);
});

test("that another agent was first is no trouble", () => {
  trouble({ status: 409, message: "PATCH /a/status: 409" });
  expect(said).toEqual([]);
});
