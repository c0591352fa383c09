import type { AgentFigures } from "../../../src/http/figures.ts";

/** Figures of an agent at work, each number another. */
export const SOME_FIGURES: AgentFigures = {
  captures: {
    running: 2,
    ended: new Map([
      ["TimeElapsed", 3],
      ["InvalidFilter", 1],
    ]),
    packets: 9_007_199_254_740_991,
    bytes: 1234,
    droppedByKernel: 5,
    droppedByInterface: 6,
    droppedOnWrite: 7,
  },
  disk: { used: 11, free: 12, limit: 13 },
  ringMemory: { used: 14, limit: 15 },
  apiErrors: { conflict: 16, "4xx": 17, "5xx": 18, unreachable: 19 },
  watchRestarts: 20,
};
