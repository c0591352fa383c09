/** Bounded reading of a text file or stdin: neither /dev/zero nor a wrong file fills the memory. */
import { createReadStream } from "node:fs";
import { PcapperError } from "../errors.ts";

const READ_PROBLEMS: Record<string, string> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder: name a file, or - for standard input",
  EACCES: "you may not read it",
};

function unreadable(name: string, cause: unknown): PcapperError {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  return new PcapperError(
    "PCAPPER_FILE_UNREADABLE",
    `${name} cannot be read: ${READ_PROBLEMS[code] ?? message}`,
    {
      cause,
    },
  );
}

function decoded(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new PcapperError("PCAPPER_INVALID_YAML", `${name} is not a text file in UTF-8`, { cause });
  }
}

/**
 * @param file a path, or `-` for standard input
 * @param name as shown to people
 * @param limit bytes
 * @throws PcapperError PCAPPER_FILE_UNREADABLE, PCAPPER_FILE_TOO_LARGE, PCAPPER_INVALID_YAML (no UTF-8)
 */
export async function readText(file: string, name: string, limit: number): Promise<string> {
  const stream = file === "-" ? process.stdin : createReadStream(file);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(Buffer.from(chunk));
      size += chunk.length;
      if (size > limit) break;
    }
  } catch (cause) {
    throw unreadable(name, cause);
  }
  if (size > limit) {
    throw new PcapperError(
      "PCAPPER_FILE_TOO_LARGE",
      `${name} is too large: a manifest file has at most ${limit} bytes`,
    );
  }
  return decoded(Buffer.concat(chunks), name);
}
