// What becomes of a lead that was sent just now, as it happens.
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { get, Problem } from "../api/client.ts";
import type { Lead, TimelineItem } from "../api/shapes.ts";
import { Timeline } from "../leads/timeline.tsx";
import { Status } from "../ui/badge.tsx";
import { Notice, ProblemNotice } from "../ui/notice.tsx";

/** Where it is not in the lists yet, it soon is. */
const SOON_MS = 400;
const isNotYet = (error: unknown): boolean => error instanceof Problem && error.status === 404;

export function Followed({ id }: { readonly id: string }) {
  const about = `/api/leads/${id}`;
  const whileAway = { retry: 25, retryDelay: SOON_MS };
  const lead = useQuery({
    queryKey: ["leads", id],
    queryFn: ({ signal }) => get<Lead>(about, signal),
    ...whileAway,
  });
  const timeline = useQuery({
    queryKey: ["leads", id, "timeline"],
    queryFn: async ({ signal }) =>
      (await get<{ readonly items: readonly TimelineItem[] }>(`${about}/timeline`, signal)).items,
    ...whileAway,
  });
  return (
    <section className="followed" aria-label="What became of it">
      <Notice tone="good" title="Accepted">
        <p>
          <Link href={`/leads/${id}`} className="mono break">
            {id}
          </Link>{" "}
          {lead.data && <Status status={lead.data.status} />}
          {lead.data?.partner !== undefined && ` at ${lead.data.partner}`}
        </p>
      </Notice>
      {lead.error && !isNotYet(lead.error) && <ProblemNotice problem={lead.error} />}
      {timeline.data && <Timeline items={timeline.data} />}
    </section>
  );
}
