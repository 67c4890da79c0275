import { useQuery } from "@tanstack/react-query";
import { get } from "../api/client.ts";
import { useSession } from "../session/session.tsx";
import { Badge } from "../ui/badge.tsx";
import { Card, Loading, numbers } from "../ui/page.tsx";
import { namedModels } from "./read-models.ts";

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
  const { may } = useSession();
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
      <Card title="How far the screens are behind">
        {projections.data === undefined ? (
          <Loading />
        ) : (
          <ul className="health">
            {namedModels(projections.data, may("projections.rebuild")).map(({ label, model }) => (
              <li key={model.name} title={model.name}>
                <span>{label}</span>
                {model.rebuilding === undefined ? (
                  <span className={model.lag > LAGGING ? "number figure-bad" : "number muted"}>
                    {numbers.format(model.lag)}
                  </span>
                ) : (
                  <Badge tone="warn">rebuilding</Badge>
                )}
              </li>
            ))}
          </ul>
        )}
        <p className="muted small">
          Events that are in the log and not yet on these screens (the lag of the read models).
        </p>
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
