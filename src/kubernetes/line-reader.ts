import { StringDecoder } from "node:string_decoder";

/** Cuts a stream of bytes into lines. @returns what takes the next bytes; a line that is not ended is never given */
export function createLineReader(onLine: (line: string) => void): (chunk: Uint8Array) => void {
  const decoder = new StringDecoder("utf8");
  let begun: string[] = [];
  return (chunk) => {
    const [first = "", ...others] = decoder.write(Buffer.from(chunk)).split("\n");
    begun.push(first);
    for (const next of others) {
      const line = begun.join("");
      begun = [next];
      if (line !== "") onLine(line);
    }
  };
}
