import { useQuery } from "@tanstack/react-query";
import { get } from "../api/client.ts";
import { Badge } from "../ui/badge.tsx";
import { Card, Loading, numbers } from "../ui/page.tsx";

interface Projection {
  readonly name: string;
  readonly lag: number;
  readonly skipped: number;
  readonly rebuilding?: { readonly position: string; readonly of: string };
}

interface Worker {
  readonly role: string;
  readonly instance: string;
  readonly state: "starting" | "running" | "stopping" | "lost";
  readonly restarts: number;
}

/** More events than this behind the log is worth a look. */
const LAGGING = 1_000;

/** How far the read models are, and who works. */
export function Health() {
  const projections = useQuery({
    queryKey: ["projections"],
    queryFn: ({ signal }) => get<readonly Projection[]>("/api/projections", signal),
    refetchInterval: 5_000,
  });
  const workers = useQuery({
    queryKey: ["workers"],
    queryFn: ({ signal }) => get<readonly Worker[]>("/api/workers", signal),
    refetchInterval: 5_000,
  });
  return (
    <div className="stack">
      <Card title="Lag of read models">
        {projections.data === undefined ? (
          <Loading />
        ) : (
          <ul className="health">
            {projections.data.map(({ name, lag, rebuilding }) => (
              <li key={name}>
                <span>{name.replaceAll("_", " ")}</span>
                {rebuilding === undefined ? (
                  <span className={lag > LAGGING ? "number figure-bad" : "number muted"}>
                    {numbers.format(lag)}
                  </span>
                ) : (
                  <Badge tone="warn">rebuilding</Badge>
                )}
              </li>
            ))}
          </ul>
        )}
        <p className="muted small">Events that are in the log and not yet in the lists.</p>
      </Card>
      <Card title="Workers">
        {workers.data === undefined ? (
          <Loading />
        ) : (
          <ul className="health">
            {workers.data.map(({ role, instance, state, restarts }) => (
              <li key={`${role} ${instance}`} title={instance}>
                <span>
                  {role}
                  {restarts > 0 && <span className="muted small"> {`restarted ${restarts} times`}</span>}
                </span>
                <Badge tone={state === "running" ? "good" : state === "lost" ? "bad" : "warn"}>{state}</Badge>
              </li>
            ))}
          </ul>
        )}
      </Card>
    </div>
  );
}
