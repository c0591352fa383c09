import type { ApiServer } from "../kubernetes/api-server.ts";

/** The API server may be away by several faults at once: it is back when the last of them is over. */
export interface ApiAbsence {
  /** @returns what brings it back */
  begin(signal: "SIGTERM" | "SIGKILL"): Promise<() => Promise<void>>;
  /** Whatever happens: it is there afterwards. */
  end(): Promise<void>;
}

export function apiAbsence(server: ApiServer): ApiAbsence {
  let absences = 0;
  let last: Promise<void> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    last = last.then(work);
    return last;
  };
  const resume = () =>
    inTurn(async () => {
      absences -= 1;
      if (absences === 0) await server.resume();
    });
  return {
    begin: async (signal) => {
      await inTurn(async () => {
        absences += 1;
        if (absences === 1) await server.pause(signal);
      });
      return resume;
    },
    end: () =>
      inTurn(async () => {
        if (absences === 0) return;
        absences = 0;
        await server.resume();
      }),
  };
}
