/** What the API server's CEL has beyond the language itself, as far as our rules use it. */
import { Environment } from "@marcbachmann/cel-js";
import { type Fraction, parseFraction } from "../quantity.ts";

class Quantity {
  readonly value: Fraction;
  constructor(value: Fraction) {
    this.value = value;
  }
}

function compare(left: Fraction, right: Fraction): bigint {
  const difference = left.numerator * right.denominator - right.numerator * left.denominator;
  return difference < 0n ? -1n : difference > 0n ? 1n : 0n;
}

function quantityOf(text: string): Quantity {
  const value = parseFraction(text);
  if (value === undefined) throw new TypeError(`${JSON.stringify(text)} is no quantity`);
  return new Quantity(value);
}

/** `format` as far as our messages use it: each %s or %d becomes the next value. */
function format(template: string, values: readonly unknown[]): string {
  const rest = [...values];
  return template.replaceAll(/%[sd]/g, () => String(rest.shift()));
}

/** Variables are `self` and `oldSelf`. */
export function celEnvironment(): Environment {
  return new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false })
    .registerVariable("self", "dyn")
    .registerVariable("oldSelf", "dyn")
    .registerType("Quantity", { ctor: Quantity, fields: {} })
    .registerFunction("string.format(list): string", format)
    .registerFunction("isQuantity(string): bool", (text: string) => parseFraction(text) !== undefined)
    .registerFunction("quantity(string): Quantity", quantityOf)
    .registerFunction("Quantity.compareTo(Quantity): int", (left: Quantity, right: Quantity) =>
      compare(left.value, right.value),
    )
    .registerFunction("Quantity.sub(int): Quantity", ({ value }: Quantity, bytes: bigint) => {
      return new Quantity({ ...value, numerator: value.numerator - bytes * value.denominator });
    })
    .registerFunction("Quantity.asApproximateFloat(): double", ({ value }: Quantity) => {
      return Number(value.numerator) / Number(value.denominator);
    });
}
