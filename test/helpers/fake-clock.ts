import { globSync } from "node:fs";

/** Path of Debian's libfaketime; undefined where it is not installed. */
export function fakeClockLibrary(): string | undefined {
  const [path] = globSync("/usr/lib/*/faketime/libfaketime.so.1");
  return path;
}

/** Environment of a process whose wall clock is `seconds` off; what runs on the monotonic clock is as ever. */
export function clockOffBy(library: string, seconds: number): Record<string, string> {
  return {
    LD_PRELOAD: library,
    FAKETIME: `${seconds < 0 ? "" : "+"}${seconds}s`,
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    FAKETIME_DISABLE_SHM: "1",
  };
}
