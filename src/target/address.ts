import { isIP, SocketAddress } from "node:net";
import type { TargetPod } from "./target.ts";

/** The one way to write an address: as inet_ntop(3) does. undefined where `text` is none. */
export function normalAddress(text: string): string | undefined {
  const version = isIP(text);
  if (version === 0) return undefined;
  return new SocketAddress({ address: text, family: version === 6 ? "ipv6" : "ipv4" }).address;
}

export function normalAddresses(texts: readonly (string | undefined)[]): string[] {
  const addresses = texts.flatMap((text) => (text === undefined ? [] : (normalAddress(text) ?? [])));
  return [...new Set(addresses)];
}

/** All addresses of a pod, the primary one first. */
export function podAddresses({ status }: TargetPod): string[] {
  return normalAddresses([status.podIP, ...(status.podIPs ?? []).map(({ ip }) => ip)]);
}
