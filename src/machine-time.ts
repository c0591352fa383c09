import { bootId } from "./boot-id.ts";

/** A moment by the clock that captures are timed by: nobody can set it, and it is one as long as the machine runs. */
export interface MachineTime {
  /** Names the time since the machine started; empty where that cannot be known. */
  boot: string;
  seconds: number;
}

/** Now, to the millisecond, by CLOCK_MONOTONIC. */
export function machineTime(): MachineTime {
  return { boot: bootId(), seconds: Number(process.hrtime.bigint() / 1_000_000n) / 1000 };
}
