/** What can be said about a record on disk: what it holds, or why it cannot be used. */
export type Found<T> = { value: T } | { problem: string };

/** Bytes; 99,999 files make about 25 MB. */
export const LARGEST_RECORD = 64 * 1024 * 1024;

/** Values in a record, about: 99,999 files make 700,000. Each takes many times its bytes in memory. */
const MOST_VALUES = 1_000_000;
/** Lists and objects in each other: what is nested deeper cannot be written again. */
const DEEPEST = 100;

const [QUOTE, BACKSLASH, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('"\\,[]{}');

/** Reads the text of a record that a crash or a stranger may have left. Never throws, and takes bounded memory. */
export function parseRecord(bytes: Buffer): Found<unknown> {
  if (bytes.length > LARGEST_RECORD) return { problem: `it has ${bytes.length} bytes` };
  const { values, depth } = measure(bytes);
  if (values > MOST_VALUES) return { problem: `it has more than ${MOST_VALUES} values` };
  if (depth > DEEPEST) return { problem: `it is nested ${depth} deep` };
  try {
    return { value: JSON.parse(bytes.toString("utf8")) };
  } catch (error) {
    return { problem: error instanceof SyntaxError ? "it is not whole JSON" : (error as Error).message };
  }
}

/** How much there is in a JSON text, without making any of it. Means nothing where the text is none. */
function measure(bytes: Buffer): { values: number; depth: number } {
  let values = 0;
  let open = 0;
  let depth = 0;
  let inText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) {
      inText = true;
    } else if (byte === COMMA) {
      values += 1;
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      values += 1;
      open += 1;
      if (open > depth) depth = open;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      open -= 1;
    }
  }
  return { values, depth };
}
