// How far the read models are; each can be built again from the log.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Projection } from "../api/admin-shapes.ts";
import { call, get } from "../api/client.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { actions, DataTable } from "../ui/data-table.tsx";
import { Confirm } from "../ui/dialog.tsx";
import { ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading, numbers } from "../ui/page.tsx";
import { Time } from "../ui/time.tsx";
import { worded } from "../ui/words.ts";

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
        <DataTable
          rows={projections.data}
          keyOf={({ name }) => name}
          columns={[
            { name: "Name", cell: ({ name }) => <span id={`projection-${name}`}>{worded(name)}</span> },
            { name: "Behind the log", isNumber: true, cell: ({ lag }) => numbers.format(lag) },
            { name: "Passed over", isNumber: true, cell: ({ skipped }) => numbers.format(skipped) },
            {
              name: "Rebuilt",
              cell: ({ name, rebuilding, rebuilt_at }) =>
                rebuilding !== undefined ? (
                  <Progress name={name} rebuilding={rebuilding} />
                ) : rebuilt_at === null ? (
                  <span className="muted">never</span>
                ) : (
                  <Time at={rebuilt_at} />
                ),
            },
            mayRebuild &&
              actions(({ name, rebuilding }: Projection) => (
                <Button
                  size="small"
                  aria-describedby={`projection-${name}`}
                  disabled={rebuilding !== undefined}
                  onClick={() => setAsking(name)}
                >
                  Rebuild
                </Button>
              )),
          ]}
        />
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
