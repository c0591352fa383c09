import type { ProxyMode } from "../api-proxy.ts";
import type { Inject } from "./inject.ts";

export function apiAway(signal: "SIGTERM" | "SIGKILL"): Inject {
  return ({ site }) => site.absence.begin(signal);
}

/** `share`: of all requests. The agent alone meets it: the test has a way of its own. */
export function throughProxy(mode: ProxyMode, share = 1): Inject {
  return async ({ site }) => site.proxy.begin(mode, share);
}

export const compaction: Inject = async ({ site }) => {
  await site.server.compact();
  return () => undefined;
};
