import type { Trouble } from "../disk-trouble.ts";
import type { Inject } from "./inject.ts";

/** Bytes. */
const MORE_MEMORY = 8 << 20;

const nothing = () => undefined;

/** One that is away or frozen would hear of it when it is back. */
export const agentBlocked: Inject = async ({ site: { agent, troubles } }, { milliseconds }) => {
  if (!agent.isAtWork()) return nothing;
  troubles.blockFor?.(milliseconds);
  agent.signal("SIGUSR2");
  return nothing;
};

/** By so many seconds. */
export function clockOff(seconds: number): Inject {
  return async ({ site: { troubles } }) => troubles.clock?.setOff(seconds) ?? nothing;
}

export const memoryTight: Inject = async ({ site: { troubles } }) =>
  troubles.deadly(troubles.memory?.tighten(MORE_MEMORY) ?? nothing);

/** An agent that begins just then has no disk to take its lock on, and ends. */
export function diskInTrouble(trouble: Trouble): Inject {
  return async ({ site: { troubles } }) => {
    const end = troubles.disk?.begin(trouble) ?? nothing;
    return trouble.error === undefined ? end : troubles.deadly(end);
  };
}
