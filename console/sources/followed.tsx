// What becomes of a lead that was sent just now, as it happens.
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { get, withQuery } from "../api/client.ts";
import type { Lead, TimelineItem } from "../api/shapes.ts";
import { Timeline } from "../leads/timeline.tsx";
import { Status } from "../ui/badge.tsx";
import { Notice, ProblemNotice } from "../ui/notice.tsx";

interface Props {
  readonly id: string;
  /** Where it stands in the log: the lists are read once they have come so far. */
  readonly after: string;
}

export function Followed({ id, after }: Props) {
  const about = (part: string): string => withQuery(`/api/leads/${id}${part}`, { after });
  const lead = useQuery({
    queryKey: ["leads", id],
    queryFn: ({ signal }) => get<Lead>(about(""), signal),
  });
  const timeline = useQuery({
    queryKey: ["leads", id, "timeline"],
    queryFn: async ({ signal }) =>
      (await get<{ readonly items: readonly TimelineItem[] }>(about("/timeline"), signal)).items,
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
      {lead.error && <ProblemNotice problem={lead.error} />}
      {timeline.data && <Timeline items={timeline.data} />}
    </section>
  );
}
