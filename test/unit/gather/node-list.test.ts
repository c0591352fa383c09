import { expect, test } from "vitest";
import type { ExportTransport } from "../../../src/gather/export-transport.ts";
import { FetchError } from "../../../src/gather/fetch-error.ts";
import { listNode } from "../../../src/gather/node-list.ts";

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
