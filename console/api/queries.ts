// What several screens read. The first word of each key is what the stream refreshes it by.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { get, withQuery } from "./client.ts";
import type { DeadLetterPage, LeadPage, Partner, RuleSet } from "./shapes.ts";

export type Query = Readonly<Record<string, string | number | undefined>>;

export const usePartners = () =>
  useQuery({
    queryKey: ["partners"],
    queryFn: async ({ signal }) =>
      (await get<{ readonly items: readonly Partner[] }>("/api/partners", signal)).items,
    // Queues move without an event that the stream tells of.
    refetchInterval: 5_000,
  });

export const useSources = () =>
  useQuery({
    queryKey: ["sources"],
    queryFn: async ({ signal }) =>
      (
        await get<{ readonly items: readonly { readonly id: string; readonly name?: string }[] }>(
          "/api/sources",
          signal,
        )
      ).items,
    staleTime: 60_000,
  });

export const useRules = () =>
  useQuery({ queryKey: ["rules"], queryFn: ({ signal }) => get<RuleSet>("/api/rules", signal) });

export const useLeads = (query: Query) =>
  useQuery({
    queryKey: ["leads", "list", query],
    queryFn: ({ signal }) => get<LeadPage>(withQuery("/api/leads", query), signal),
    placeholderData: keepPreviousData,
  });

export const useDeadLetters = (query: Query) =>
  useQuery({
    queryKey: ["dead-letters", "list", query],
    queryFn: ({ signal }) => get<DeadLetterPage>(withQuery("/api/dlq", query), signal),
    placeholderData: keepPreviousData,
  });

export interface StatsItem {
  readonly at: string;
  readonly key: string | null;
  readonly received: number;
  readonly delivered: number;
  readonly rejected: number;
  readonly duplicate: number;
  readonly unrouted: number;
  readonly dead_lettered: number;
  readonly returned: number;
  readonly revenue: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
}
