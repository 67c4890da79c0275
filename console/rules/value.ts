// Values of conditions, between what is typed and what a rule holds.

export type Shape = "none" | "one" | "list" | "two";

export function shapeOf(operator: string): Shape {
  switch (operator) {
    case "null":
    case "notNull":
      return "none";
    case "in":
    case "notIn":
      return "list";
    case "between":
    case "notBetween":
      return "two";
    default:
      return "one";
  }
}

const ofText = new Set(["contains", "doesNotContain", "beginsWith", "endsWith"]);

/** A number where it is written as one and could be nothing else: "007" stays a text. */
function scalar(text: string, operator: string): string | number | boolean {
  const trimmed = text.trim();
  if (ofText.has(operator)) return trimmed;
  if (trimmed === "true" || trimmed === "false") return trimmed === "true";
  return trimmed !== "" && String(Number(trimmed)) === trimmed ? Number(trimmed) : trimmed;
}

export function valueFrom(text: string, operator: string): unknown {
  switch (shapeOf(operator)) {
    case "none":
      return undefined;
    case "one":
      return scalar(text, operator);
    case "list":
    case "two":
      return text
        .split(",")
        .filter((part) => part.trim() !== "")
        .map((part) => scalar(part, operator));
  }
}

export function asText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.map(asText).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
