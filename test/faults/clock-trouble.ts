/** The agent's wall clock, an hour off while a fault lasts; what runs on the monotonic clock is as ever. */
import { writeFileSync } from "node:fs";
import { fakeClockLibrary } from "../helpers/fake-clock.ts";

export interface ClockTrouble {
  library: string;
  env: Record<string, string>;
  /** By so many seconds. @returns what sets it right */
  setOff(seconds: number): () => void;
}

/** @param control path of a file that is made for it */
export function makeClockTrouble(control: string): ClockTrouble {
  const library = fakeClockLibrary();
  if (library === undefined) throw new Error("libfaketime is not installed: apt-get install libfaketime");
  const begun: { seconds: number }[] = [];
  const tell = (): void => {
    const seconds = begun.at(-1)?.seconds ?? 0;
    writeFileSync(control, `${seconds < 0 ? "" : "+"}${seconds}s\n`);
  };
  tell();
  return {
    library,
    env: {
      FAKETIME_TIMESTAMP_FILE: control,
      // Seconds until it looks at the file again.
      FAKETIME_CACHE_DURATION: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      FAKETIME_DISABLE_SHM: "1",
    },
    setOff: (seconds) => {
      const entry = { seconds };
      begun.push(entry);
      tell();
      return () => {
        begun.splice(begun.indexOf(entry), 1);
        tell();
      };
    },
  };
}
