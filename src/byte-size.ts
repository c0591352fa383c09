const UNITS = ["bytes", "kB", "MB", "GB", "TB", "PB"] as const;

/** A size for people, in decimal units as `maxFileSize: 100M` is: `1.05 GB`, `512 bytes`. */
export function byteSizeText(bytes: number): string {
  if (bytes === 1) return "1 byte";
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 999.995 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const rounded = unit === 0 ? value : Number(value.toPrecision(value >= 100 ? 4 : 3));
  return `${rounded} ${UNITS[unit]}`;
}
