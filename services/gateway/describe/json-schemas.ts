// The zod schemas as JSON Schema: those with a name as components that refer to each other, all others where they stand.
import { z } from "zod";
import { requestSchemas, responseSchemas } from "../http/route-schema.ts";

type JsonSchema = Readonly<Record<string, unknown>>;

/** Formats that only zod knows; the pattern or encoding that stands beside each says the same. */
const ZOD_FORMATS = new Set(["starts_with", "base64"]);

const registries = { input: requestSchemas, output: responseSchemas } as const;
type Io = keyof typeof registries;

export const refTo = (name: string) => ({ $ref: `#/components/schemas/${name}` }) as const;

export function namedSchemas(): Record<string, JsonSchema> {
  return { ...ofRegistry("output"), ...ofRegistry("input") };
}

function ofRegistry(io: Io): Record<string, JsonSchema> {
  const { schemas } = z.toJSONSchema(registries[io], { ...options(io), uri: (name) => refTo(name).$ref });
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, bare(schema)]));
}

/** A reference where the schema has a name. */
export function jsonSchema(schema: z.ZodType, io: Io): JsonSchema {
  const name = registries[io].get(schema)?.id;
  return name === undefined ? bare(z.toJSONSchema(schema, options(io))) : refTo(name);
}

function options(io: Io): z.core.ToJSONSchemaParams {
  return {
    io,
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      if (ZOD_FORMATS.has(String(jsonSchema.format))) delete jsonSchema.format;
    },
  };
}

const bare = ({ $schema: _, $id: __, "~standard": ___, ...schema }: object & JsonSchema): JsonSchema =>
  schema;
