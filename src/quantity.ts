/** Kubernetes quantities: `100M`, `100Mi`, `1.5Gi`, `1e9`, `65536`. */

const SHAPE = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE])([+-]?\d{1,2})|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?)$/;
const MOST_DIGITS = 40;

const DECIMAL_EXPONENTS: Record<string, number> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY_EXPONENTS: Record<string, bigint> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };

/** An exact value: numerator / denominator. */
export interface Fraction {
  numerator: bigint;
  denominator: bigint;
}

/** @returns the exact value of a quantity, undefined where the text is none (or is absurdly long). */
export function parseFraction(text: string): Fraction | undefined {
  const match = SHAPE.exec(text);
  if (match === null) return undefined;
  const [, sign = "", whole = "", decimals = "", , exponentText, suffix = ""] = match;
  const digits = whole + decimals;
  if (digits === "" || digits.length > MOST_DIGITS) return undefined;
  const exponent = exponentText === undefined ? (DECIMAL_EXPONENTS[suffix] ?? 0) : Number(exponentText);
  const power = exponent - decimals.length;
  const magnitude = BigInt(digits) << (BINARY_EXPONENTS[suffix] ?? 0n);
  const value = sign === "-" ? -magnitude : magnitude;
  if (power >= 0) return { numerator: value * 10n ** BigInt(power), denominator: 1n };
  return { numerator: value, denominator: 10n ** BigInt(-power) };
}

/** @returns bytes; undefined where the text is no quantity, or is negative or not a whole number of bytes. */
export function parseQuantity(text: string): number | undefined {
  const value = parseFraction(text);
  if (value === undefined || value.numerator < 0n || value.numerator % value.denominator !== 0n)
    return undefined;
  const bytes = Number(value.numerator / value.denominator);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
