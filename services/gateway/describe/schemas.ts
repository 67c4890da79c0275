// The shapes as JSON Schema, as both descriptions want them.
import { z } from "zod";
import { answers, either, requests } from "./shapes.ts";

type JsonSchema = Record<string, unknown>;

/** Formats that only zod knows; the pattern or encoding that stands beside each says the same to everybody. */
const OWN_FORMATS = new Set(["starts_with", "base64"]);

/** All of them as JSON Schema, referring to each other where they stand in the description. */
export function schemas(): Record<string, JsonSchema> {
  return { ...asJsonSchemas(answers, "output"), ...asJsonSchemas({ ...either, ...requests }, "input") };
}

function asJsonSchemas(
  named: Readonly<Record<string, z.ZodType>>,
  io: "input" | "output",
): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, {
    io,
    uri: schemaRef,
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      if (OWN_FORMATS.has(String(jsonSchema.format))) delete jsonSchema.format;
    },
  });
  return Object.fromEntries(
    Object.entries(made.schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [
      id,
      schema as JsonSchema,
    ]),
  );
}

export const schemaRef = (name: string): string => `#/components/schemas/${name}`;
