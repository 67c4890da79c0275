// What the stream tells makes the queries of that topic read again, at most once a second: a hundred updates a second cost one read.
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, use, useEffect, useRef, useState } from "react";
import { identityOf, useSession } from "../session/session.tsx";
import { followStream } from "./shared-stream.ts";

/** The first word of a query's key is what it is about; each topic of the stream concerns some of them. */
const concerned: Readonly<Record<string, readonly string[]>> = {
  lead: ["leads", "stats", "partners"],
  partner: ["partners"],
  dead_letter: ["dead-letters", "stats"],
  projection: ["projections"],
  rules: ["rules"],
  campaign: ["campaigns"],
};
const personal = new Set(["leads", "dead-letters", "campaigns"]);
const EVERY_MS = 1_000;

const AwayContext = createContext(false);

/** Whether the server does not answer at the moment. */
export const useServerAway = (): boolean => use(AwayContext);

function createRefresh(queries: QueryClient) {
  const due = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = 0;
  const flush = (): void => {
    timer = undefined;
    last = performance.now();
    for (const subject of due) void queries.invalidateQueries({ queryKey: [subject] });
    due.clear();
  };
  return (subjects: readonly string[]): void => {
    for (const subject of subjects) due.add(subject);
    // The first is shown soon, what follows with the next second.
    if (timer === undefined) timer = setTimeout(flush, Math.max(150, EVERY_MS - (performance.now() - last)));
  };
}

export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const queries = useQueryClient();
  const { me, unmaskedBecause } = useSession();
  const as = me ? identityOf(me) : "";
  const isQuiet = useRef(false);
  // Each look at personal data is recorded with its reason, so what is shown by one stays as it is until somebody asks again.
  isQuiet.current = unmaskedBecause !== undefined;
  const [isAway, setAway] = useState(false);

  useEffect(() => {
    const stopping = new AbortController();
    const refresh = createRefresh(queries);
    let wasLost = false;
    followStream(stopping.signal, as, {
      onOpen() {
        setAway(false);
        if (wasLost) void queries.invalidateQueries();
        wasLost = false;
      },
      onEvent({ topic }) {
        const subjects = concerned[topic] ?? [];
        refresh(isQuiet.current ? subjects.filter((one) => !personal.has(one)) : subjects);
      },
      onLost() {
        setAway(true);
        wasLost = true;
      },
    });
    return () => stopping.abort();
  }, [queries, as]);

  return <AwayContext value={isAway}>{children}</AwayContext>;
}
