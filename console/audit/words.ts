import { useQuery } from "@tanstack/react-query";
import { get } from "../api/client.ts";

/** PartnerConfigured as people read it: "Partner configured". */
export function typeInWords(type: string): string {
  const words = type.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const screens: Readonly<Record<string, (id: string) => string>> = {
  partner: (id) => `/partners/${id}`,
  lead: (id) => `/leads/${id}`,
  person: (id) => `/identities/${id}`,
  source: () => "/sources",
  user: () => "/settings",
  token: () => "/settings",
  campaign: (id) => `/campaigns/${id}`,
};

/** The screen about what was changed; undefined where there is none. */
export function placeOf(about: string): string | undefined {
  if (about === "ruleset" || about === "shadow rules") return "/rules";
  if (about === "dead letters") return "/dead-letters";
  const [, what = "", id = ""] = /^(\w+) (\S+)$/.exec(about) ?? [];
  return screens[what]?.(encodeURIComponent(id));
}

interface Described {
  readonly paths: Readonly<
    Record<
      string,
      {
        readonly get?: {
          readonly parameters?: readonly {
            readonly name: string;
            readonly schema?: { readonly enum?: readonly string[] };
          }[];
        };
      }
    >
  >;
}

/** The types that can be asked for, as the API itself describes them. */
export function useTypes(): readonly string[] {
  const described = useQuery({
    queryKey: ["described", "audit types"],
    queryFn: async ({ signal }) => {
      const { paths } = await get<Described>("/openapi.json", signal);
      const type = paths["/api/audit"]?.get?.parameters?.find(({ name }) => name === "type");
      return [...(type?.schema?.enum ?? [])].sort();
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  return described.data ?? [];
}
