/**
 * Control characters, and those that nobody sees and that turn the direction of reading around: text of a file, a
 * node or a file's name may hold what a terminal would obey, or what shows other than it is.
 */
const OBEYED = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The text as a terminal may have it: `\x1b`, `\u{202e}`. */
export function printable(text: string): string {
  return text.replace(OBEYED, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const digits = code.toString(16);
    return code < 0x100 ? `\\x${digits.padStart(2, "0")}` : `\\u{${digits}}`;
  });
}
