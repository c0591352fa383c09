/** Which interface of a namespace is meant: decisions over the list the engine gave. */
import type { NamespaceInterface } from "../capture/native.ts";
import { normalAddresses } from "./address.ts";
import { TargetFailure } from "./target.ts";

/** More names than this help nobody. */
const MOST_NAMES = 12;

export function listed(names: readonly string[], most = MOST_NAMES): string {
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(", ")} and ${more} more` : names.join(", ");
}

/** Interfaces that carry the address; loopback never counts: it carries whatever anybody puts there. */
function carriersOf(interfaces: readonly NamespaceInterface[], address: string): NamespaceInterface[] {
  return interfaces.filter(
    ({ loopback, addresses }) => !loopback && normalAddresses(addresses).includes(address),
  );
}

/** Those of `addresses` that some interface carries. */
export function carriedOf(interfaces: readonly NamespaceInterface[], addresses: readonly string[]): string[] {
  return addresses.filter((address) => carriersOf(interfaces, address).length > 0);
}

/** @throws TargetFailure InterfaceNotFound, with the names there are; `place` says where that is */
export function interfaceByName(
  interfaces: readonly NamespaceInterface[],
  name: string,
  place: string,
): string {
  if (interfaces.some((known) => known.name === name)) return name;
  const names = interfaces.map((known) => known.name);
  throw new TargetFailure(
    "InterfaceNotFound",
    `spec.targetInterface is "${name}": ${place} has no such interface; it has ${listed(names) || "none"}.`,
  );
}

/**
 * The interface that carries the first of `addresses` that any carries. Of several, the one that is up,
 * then the one that `preferred` names.
 * @throws TargetFailure InterfaceNotFound where none does, or two equally do
 */
export function interfaceByAddress(
  interfaces: readonly NamespaceInterface[],
  addresses: readonly string[],
  place: string,
  preferred: readonly string[] = [],
): string {
  const [address] = carriedOf(interfaces, addresses);
  if (address === undefined) {
    throw new TargetFailure(
      "InterfaceNotFound",
      `no interface of ${place} carries ${listed(addresses)}: name one of ${listed(interfaces.map(({ name }) => name))} in spec.targetInterface.`,
    );
  }
  const carriers = carriersOf(interfaces, address);
  const [first, ...others] = narrowed(carriers, preferred);
  if (first !== undefined && others.length === 0) return first.name;
  throw new TargetFailure(
    "InterfaceNotFound",
    `${address} is on several interfaces of ${place}: name one of ${listed(carriers.map(({ name }) => name))} in spec.targetInterface.`,
  );
}

function narrowed(carriers: NamespaceInterface[], preferred: readonly string[]): NamespaceInterface[] {
  const named = carriers.filter(({ name }) => preferred.includes(name));
  if (named.length > 0) return named;
  const up = carriers.filter((carrier) => carrier.up);
  return up.length > 0 ? up : carriers;
}
