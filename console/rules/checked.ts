// What is wrong with a set of rules, as the server finds it: asked once for a set, whoever wants to know.
import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { call } from "../api/client.ts";
import type { Findings, Rule } from "../api/shapes.ts";

type Rules = readonly Rule[];

export const checkOf = (rules: Rules) =>
  queryOptions({
    queryKey: ["findings", rules],
    queryFn: ({ signal }) => call<Findings>("POST", "/api/rules/check", { body: { rules }, signal }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  });

const QUIET_MS = 300;

/** A draft is checked by itself, so that nobody has to know that a conflict must be looked for. Undefined rules are not checked. */
export function useChecked(rules: Rules | undefined) {
  const [settled, setSettled] = useState(rules);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(rules), QUIET_MS);
    return () => clearTimeout(timer);
  }, [rules]);
  // What was found stays in sight until it is known whether it is mended.
  const checked = useQuery({
    ...checkOf(settled ?? []),
    enabled: settled !== undefined,
    placeholderData: keepPreviousData,
  });
  if (rules === undefined) return { findings: undefined, problem: null, isPending: false };
  return {
    findings: checked.data,
    problem: checked.error,
    isPending: settled !== rules || checked.isFetching,
  };
}
