/** All that pcapper ever gives to a folder or a file that may leave the node; nothing a shell or a path could obey. */
const COMPONENT = /^[A-Za-z0-9_][A-Za-z0-9._~-]{0,254}$/;

/** No prefix ends with `.status`: its manifest would have the name of a status. */
const PACKETS = /^(.+)(?<!\.status)\.(\d{5,})\.pcap(?:\.part)?$/;
const MANIFEST = /^(.+?)(?<!\.status)\.json$/;

export function isComponent(name: string): boolean {
  return COMPONENT.test(name);
}

/** Packets or a manifest; never a lock, a status or whatever else is in the folder. */
export function isExportable(name: string): boolean {
  return isComponent(name) && prefixOf(name) !== undefined;
}

/** `NODE.NAME.EPOCH` of a packet file or a manifest; undefined for any other name. */
export function prefixOf(name: string): string | undefined {
  return (PACKETS.exec(name) ?? MANIFEST.exec(name))?.[1];
}

/** It says it holds packets, but pcapper gives no such name. */
export function isStrangePacketFile(name: string): boolean {
  return !name.startsWith(".") && /\.pcap(?:\.part)?$/.test(name) && !isExportable(name);
}

/** Names under which a packet file may be on the disk: `.part` goes at any moment. */
export function namesOnDisk(name: string): string[] {
  return name.endsWith(".pcap") ? [name, `${name}.part`] : [name];
}
