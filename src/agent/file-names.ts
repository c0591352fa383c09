import { createHash } from "node:crypto";

/**
 * Bytes a prefix may have. A file name has at most 255; the longest that is built on a prefix is
 * hidden and temporary (`.PREFIX.status.json.tmp`), and the engine adds `.NNNNN.pcap.part`.
 */
const MAX_PREFIX_BYTES = 225;

/** `.` and the seconds since 1970, until the year 5138. */
const EPOCH_BYTES = 12;
const HASH_DIGITS = 20;

/**
 * The name all files of one capture begin with: `NODE.NAME.EPOCH`. Where that would be too long, or a
 * host name holds what a file name should not, `NODE.NAME~HASH.EPOCH`, cut and told apart by a hash of
 * both names. No node or resource may have `~` in its name, so the two forms never meet.
 */
export function captureFilePrefix(node: string, name: string, epochSeconds: number): string {
  const plain = `${node}.${name}`;
  const fits = Buffer.byteLength(plain) <= MAX_PREFIX_BYTES - EPOCH_BYTES;
  const stem = fits && isPlainName(plain) ? plain : shortenedStem(node, name);
  return `${stem}.${epochSeconds}`;
}

function shortenedStem(node: string, name: string): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([node, name]))
    .digest("hex")
    .slice(0, HASH_DIGITS);
  const room = Math.floor((MAX_PREFIX_BYTES - EPOCH_BYTES - HASH_DIGITS - 2) / 2);
  return `${safePart(node, room)}.${safePart(name, room)}~${hash}`;
}

function safePart(text: string, room: number): string {
  return text.replace(/[^A-Za-z0-9._-]|^\./gu, "_").slice(0, room);
}

function isPlainName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text);
}

/** The files beside a capture's packets, by its prefix. All but the first two are hidden. */
export function companionNames(prefix: string) {
  return {
    manifest: `${prefix}.json`,
    status: `${prefix}.status.json`,
    statusDraft: `.${prefix}.status.json.tmp`,
    statusReserve: `.${prefix}.status.reserve`,
    manifestDraft: `.${prefix}.json.tmp`,
    manifestReserve: `.${prefix}.json.reserve`,
    lock: `.${prefix}.lock`,
  };
}

export interface PacketFileName {
  name: string;
  number: number;
  /** It still ends in `.part`. */
  partial: boolean;
}

/** The packet files of `prefix` among the names of a folder, by number. */
export function packetFiles(prefix: string, folderNames: readonly string[]): PacketFileName[] {
  return folderNames
    .filter((name) => name.startsWith(`${prefix}.`))
    .flatMap((name) => {
      const match = /^\.(\d{5,})\.pcap(\.part)?$/.exec(name.slice(prefix.length));
      return match ? [{ name, number: Number(match[1]), partial: match[2] !== undefined }] : [];
    })
    .sort((a, b) => a.number - b.number);
}

/** Hidden files that only a running capture needs: what is left of them after a crash is of no use. */
export function leftovers(prefix: string, folderNames: readonly string[]): string[] {
  const names = companionNames(prefix);
  const known: string[] = [
    names.statusReserve,
    names.statusDraft,
    names.manifestReserve,
    names.manifestDraft,
  ];
  const preparedFile = /^\.\d{5,}\.pcap\.next$/;
  return folderNames.filter(
    (name) =>
      known.includes(name) ||
      (name.startsWith(`.${prefix}.`) && preparedFile.test(name.slice(prefix.length + 1))),
  );
}
