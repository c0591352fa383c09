import { LOOPBACK, UDP_GSO } from "./datagram-traffic.ts";
import { frameTraffic } from "./frame-traffic.ts";
import { LINKTYPE, type Traffic } from "./traffic.ts";
import { TUNNEL } from "./tunnel-traffic.ts";
import { PING, TCP, TCP_GSO } from "./two-way-traffic.ts";

const UDP = frameTraffic({ name: "UDP", kind: "udp4", filter: "udp port 9999", count: 500, length: 1000 });

/** All that a capture's files must tell the truth about. */
export const KINDS: readonly Traffic[] = [
  UDP,
  TCP,
  PING,
  frameTraffic({
    name: "VLAN",
    kind: "vlan",
    filter: "vlan 42 and udp port 9999",
    count: 500,
    length: 1000,
  }),
  frameTraffic({ name: "IPv6", kind: "udp6", filter: "ip6 and udp port 9999", count: 500, length: 1000 }),
  frameTraffic({ name: "ARP", kind: "arp", filter: "arp", count: 3000, length: 60 }),
  UDP_GSO,
  TCP_GSO,
  {
    ...frameTraffic({
      name: "1-byte snap length",
      kind: "udp4",
      filter: "udp port 9999",
      count: 10_000,
      length: 60,
    }),
    numbered: false,
    snapLength: 1,
    ring: { snapLength: 1, maxFileSize: 65_536 },
  },
  {
    ...UDP,
    name: "any",
    interfaceName: "any",
    linkType: LINKTYPE.LINUX_SLL,
    // Left alone, tcpdump writes SLL2 here, which loses VLAN tags; pcapper writes SLL.
    tcpdumpLinkType: "LINUX_SLL",
  },
  TUNNEL,
  LOOPBACK,
];
