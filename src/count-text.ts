/** `1 packet`, `2 packets`. */
export function countText(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}
