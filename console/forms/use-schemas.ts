import { useQuery } from "@tanstack/react-query";
import { get } from "../api/client.ts";
import type { Schemas } from "./json-schema.ts";

interface Described {
  readonly components: { readonly schemas: Schemas };
}

/** The schemas that the API checks bodies with, by the names that its description gives them; undefined until they are there. */
export function useSchemas(): { readonly data: Schemas | undefined; readonly error: unknown } {
  const { data, error } = useQuery({
    queryKey: ["described", "schemas"],
    queryFn: async ({ signal }) => (await get<Described>("/openapi.json", signal)).components.schemas,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return { data, error };
}
