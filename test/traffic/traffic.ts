import type { NetworkNamespace } from "../helpers/network-namespace.ts";

/** Packets that passed the interface, and those of them that the filter matches. */
export interface Offered {
  all: number;
  matching: number;
}

/** A place where traffic passes an interface, made for one test. */
export interface TrafficSite {
  namespace: NetworkNamespace;
  /** Sends half of the traffic; calls add up. */
  send(): Promise<void>;
  /** What the sender sent so far; the interface's own counters have agreed. */
  offered(): Promise<Offered>;
  remove(): void;
}

/** A kind of traffic and how to capture it. */
export interface Traffic {
  name: string;
  /** Name of the captured interface. */
  interfaceName: string;
  /** pcap-filter expression that matches all but the noise. */
  filter: string;
  /** Number of the LINKTYPE_ registry. */
  linkType: number;
  /** What a tcpdump beside must be told with `-y`. */
  tcpdumpLinkType?: string;
  /** Both directions, so two sockets may see another order and other timestamps. */
  twoWay: boolean;
  /** Packets carry their number in the last eight bytes, every fourth being noise. */
  numbered: boolean;
  /** For the case with a ring: so small that it goes round. Bytes. */
  ring: { snapLength: number; maxFileSize: number };
  /** Where it matters for the case without a ring, too. */
  snapLength?: number;
  /** The longest packet has at least so many bytes. */
  longest?: number;
  open(): Promise<TrafficSite>;
}

export const LINKTYPE = { ETHERNET: 1, RAW: 101, LINUX_SLL: 113 } as const;

export const SMALL_RING = { snapLength: 1600, maxFileSize: 65_536 };

const NOISE_EVERY = 4;

/** Whether the senders make packet `number` one that the filter does not match. */
export function isNoise(number: number): boolean {
  return number % NOISE_EVERY === NOISE_EVERY - 1;
}

/** Of packets numbered from 0: how many, and how many are not noise. */
export function numbered(all: number): Offered {
  return { all, matching: all - Math.floor(all / NOISE_EVERY) };
}

/** @throws Error where the interface counted something else than the sender */
export function mustAgree(interfaceName: string, counted: number, sent: number): void {
  if (counted !== sent) throw new Error(`${interfaceName} counted ${counted} packets, ${sent} were sent`);
}
