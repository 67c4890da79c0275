// Sums of prices without an error of floating point: what is added and taken back again leaves no trace.

/** `units` times ten to the power of −`scale`. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

export const ZERO: Decimal = { units: 0n, scale: 0 };

const NUMBER = /^(-?\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/;

/** Of a number as JavaScript or PostgreSQL writes it. */
export function decimalOf(text: string): Decimal {
  const [, whole, fraction = "", exponent = "0"] = NUMBER.exec(text) ?? [];
  if (whole === undefined) throw new RangeError(`${text} is no decimal number`);
  const scale = fraction.length - Number(exponent);
  const units = BigInt(whole + fraction);
  return scale < 0 ? { units: units * 10n ** BigInt(-scale), scale: 0 } : { units, scale };
}

export function sumOf(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { units: unitsAt(a, scale) + unitsAt(b, scale), scale };
}

const unitsAt = ({ units, scale }: Decimal, wanted: number): bigint =>
  wanted === scale ? units : units * 10n ** BigInt(wanted - scale);

export const times = ({ units, scale }: Decimal, factor: number): Decimal => ({
  units: units * BigInt(factor),
  scale,
});

/** The shortest that says it, so that equal sums are equal texts. */
export function textOf({ units, scale }: Decimal): string {
  const digits = `${units < 0n ? -units : units}`.padStart(scale + 1, "0");
  const point = digits.length - scale;
  const fraction = digits.slice(point).replace(/0+$/, "");
  return `${units < 0n ? "-" : ""}${digits.slice(0, point)}${fraction === "" ? "" : `.${fraction}`}`;
}
