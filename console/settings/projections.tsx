// How far the read models are; each can be built again from the log.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Projection } from "../api/admin-shapes.ts";
import { call, get } from "../api/client.ts";
import { useSession } from "../session/session.tsx";
import { worded } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/dialog.tsx";
import { ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading, numbers } from "../ui/page.tsx";
import { Time } from "../ui/time.tsx";

export function Projections() {
  const mayRebuild = useSession().may("projections.rebuild");
  const [asking, setAsking] = useState<string>();
  const queries = useQueryClient();
  const projections = useQuery({
    queryKey: ["projections"],
    queryFn: ({ signal }) => get<readonly Projection[]>("/api/projections", signal),
    refetchInterval: ({ state }) => (state.data?.some(({ rebuilding }) => rebuilding) ? 1_000 : 5_000),
  });
  async function rebuild(name: string): Promise<void> {
    await call("POST", `/api/projections/${encodeURIComponent(name)}/rebuild`);
    await queries.invalidateQueries({ queryKey: ["projections"] });
  }
  return (
    <Card title="Projections" flush>
      {projections.error && <ProblemNotice problem={projections.error} />}
      {projections.isPending && !projections.error && <Loading />}
      {projections.data && (
        <table className="table table-cards">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" className="number">
                Behind the log
              </th>
              <th scope="col" className="number">
                Passed over
              </th>
              <th scope="col">Rebuilt</th>
              {mayRebuild && (
                <th scope="col">
                  <span className="visually-hidden">What can be done</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {projections.data.map(({ name, lag, skipped, rebuilt_at, rebuilding }) => (
              <tr key={name}>
                <th scope="row" id={`projection-${name}`}>
                  {worded(name)}
                </th>
                <td data-label="Behind the log" className="number">
                  {numbers.format(lag)}
                </td>
                <td data-label="Passed over" className="number">
                  {numbers.format(skipped)}
                </td>
                <td data-label="Rebuilt">
                  {rebuilding !== undefined ? (
                    <Progress name={name} rebuilding={rebuilding} />
                  ) : rebuilt_at === null ? (
                    <span className="muted">never</span>
                  ) : (
                    <Time at={rebuilt_at} />
                  )}
                </td>
                {mayRebuild && (
                  <td className="row-buttons">
                    <Button
                      size="small"
                      aria-describedby={`projection-${name}`}
                      disabled={rebuilding !== undefined}
                      onClick={() => setAsking(name)}
                    >
                      Rebuild
                    </Button>
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {asking !== undefined && (
        <Confirm
          title={`Rebuild ${worded(asking)}?`}
          verb="Rebuild"
          onConfirm={() => rebuild(asking)}
          onClose={() => setAsking(undefined)}
        >
          <p>
            It is built beside the one in use, from the beginning of the log, and takes its place when done.
          </p>
        </Confirm>
      )}
    </Card>
  );
}

function Progress({
  name,
  rebuilding,
}: {
  readonly name: string;
  readonly rebuilding: NonNullable<Projection["rebuilding"]>;
}) {
  const [done, all] = [Number(rebuilding.position), Number(rebuilding.of)];
  const share = all === 0 ? 1 : Math.min(1, done / all);
  return (
    <span className="rebuilding">
      <progress aria-label={`Rebuild of ${worded(name)}`} value={share} max={1} />
      <span className="number small">{`${Math.floor(share * 100)} %`}</span>
    </span>
  );
}
