import { expect, test } from "vitest";
import { printable } from "../../src/printable.ts";

test.each([
  ["node-a: web: ääkköset, 日本, 👍", "node-a: web: ääkköset, 日本, 👍"],
  ["\u001b[2J\u0007", "\\x1b[2J\\x07"],
  ["a\r\nb\tc\u007f", "a\\x0d\\x0ab\\x09c\\x7f"],
  ["\u009b31m", "\\x9b31m"],
  ["capture\u202egpj.pcap\u2066", "capture\\u{202e}gpj.pcap\\u{2066}"],
  ["a\u2028b\u200bc\u{e0041}", "a\\u{2028}b\\u{200b}c\\u{e0041}"],
  ["\ud800x", "\\u{d800}x"],
])("of %j a terminal gets %j", (text, expected) => expect(printable(text)).toBe(expected));
