import { expect, test } from "vitest";
import { finalMessage } from "../../../src/agent/messages.ts";
import { NO_PACKETS } from "./fake-native.ts";

const PLAN = { captureFilter: "" };
const END = { reason: "Stopped", message: "" };

test("what the ring removed is told with its packets", () => {
  const statistics = { ...NO_PACKETS, packets: 10, filesRemoved: 2, packetsRemoved: 7 };
  expect(finalMessage(PLAN, END, statistics)).toBe(
    "10 packets captured (all packets). 7 packets of them went with 2 files that the ring of files removed.",
  );
});

test("a file that somebody else took away before it was whole is not told as one that the ring removed", () => {
  const end = { reason: "WriteError", message: "a.00001.pcap.part: it was removed" };
  const statistics = { ...NO_PACKETS, packets: 0, droppedOnWrite: 3, filesRemoved: 1 };
  expect(finalMessage(PLAN, end, statistics)).toBe(
    "a.00001.pcap.part: it was removed. 0 packets captured (all packets). 3 packets lost (3: they could not be written).",
  );
});
