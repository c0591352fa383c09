const bold = (text: string): string => (process.stdout.isTTY ? `\u001b[1m${text}\u001b[22m` : text);

export function heading(text: string): void {
  console.log(`\n${bold(`── ${text}`)}`);
}

/** Rows as aligned columns; numbers to the right. */
export function table(rows: Record<string, string | number>[]): void {
  const names = Object.keys(rows[0] ?? {});
  const cells = [names, ...rows.map((row) => names.map((name) => String(row[name])))];
  const widths = names.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const isNumber = names.map((name) => typeof rows[0]?.[name] === "number");
  for (const line of cells) {
    const padded = line.map((cell, column) => {
      const width = widths[column] ?? 0;
      return isNumber[column] ? cell.padStart(width) : cell.padEnd(width);
    });
    console.log(padded.join("  ").trimEnd());
  }
}
