import { readFileSync } from "node:fs";

/** More names than this help nobody. */
const MOST_NAMES = 8;

/** The interfaces of this process's network namespace; empty where they cannot be listed. */
export function interfaceNames(): string[] {
  try {
    return parseInterfaceNames(readFileSync("/proc/self/net/dev", "utf8"));
  } catch {
    return [];
  }
}

/** Names in the kernel's table of interface counters: two lines of heading, then `name: counters`. */
export function parseInterfaceNames(table: string): string[] {
  return table
    .split("\n")
    .slice(2)
    .flatMap((line) => {
      const end = line.lastIndexOf(":");
      return end > 0 ? [line.slice(0, end).trim()] : [];
    });
}

/** `; this machine has eth0, lo and any`, or nothing where the list would be long or empty. */
export function knownInterfacesText(names: readonly string[]): string {
  return names.length === 0 || names.length > MOST_NAMES
    ? ""
    : `; this machine has ${names.join(", ")} and any`;
}
