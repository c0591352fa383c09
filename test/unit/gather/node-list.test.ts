import { afterEach, expect, test, vi } from "vitest";
import type { ExportTransport } from "../../../src/gather/export-transport.ts";
import { FetchError } from "../../../src/gather/fetch-error.ts";
import { listNode } from "../../../src/gather/node-list.ts";

afterEach(() => void vi.useRealTimers());

test("a list that comes byte by byte is not waited for without an end", async () => {
  vi.useFakeTimers();
  const trickle: ExportTransport = {
    exec: (_args, take, signal) =>
      new Promise((_resolve, reject) => {
        const bytes = setInterval(() => void take([Buffer.from(" ")]), 59_000);
        signal.addEventListener("abort", () => {
          clearInterval(bytes);
          reject(signal.reason);
        });
      }),
  };
  const patience = { tries: 3, within: 1000, backoff: { first: 1, most: 2 } };
  const list = listNode(trickle, [], patience, new AbortController().signal, () => undefined);
  const told = expect(list).rejects.toThrow(
    new FetchError("its list of files was not here after 10 minutes"),
  );
  await vi.advanceTimersByTimeAsync(601_000);
  await told;
  expect(vi.getTimerCount()).toBe(0);
});

test("a list without an end is not taken into memory without one", async () => {
  const megabyte = Buffer.alloc(1024 * 1024, " ");
  let sent = 0;
  const endless: ExportTransport = {
    exec: async (_args, take) => {
      for (;;) {
        sent += 1;
        await take([megabyte]);
      }
    },
  };
  const patience = { tries: 3, within: 1000, backoff: { first: 1, most: 2 } };
  const list = listNode(endless, [], patience, new AbortController().signal, () => undefined);
  await expect(list).rejects.toThrow(new FetchError("its list of files has more than 134.2 MB"));
  expect(sent).toBe(129);
});
