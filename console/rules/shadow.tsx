// Rules beside those in force: evaluated on what comes in, and never used.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { call, get, Problem } from "../api/client.ts";
import type { Rule } from "../api/shapes.ts";
import { Badge } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { ProblemNotice } from "../ui/notice.tsx";
import { Card } from "../ui/page.tsx";
import { Time } from "../ui/time.tsx";
import { Outcome } from "./backtest.tsx";

type Comparison = Parameters<typeof Outcome>[0]["result"];
interface ShadowRun extends Comparison {
  readonly status: "compiling" | "running" | "failed";
  readonly since?: string;
  readonly reason?: string;
}

async function shadowOrNone(signal: AbortSignal): Promise<ShadowRun | null> {
  try {
    return await get<ShadowRun>("/api/rules/shadow", signal);
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

export function Shadow({
  rules,
  mayChange,
}: {
  readonly rules: readonly Rule[];
  readonly mayChange: boolean;
}) {
  const queries = useQueryClient();
  const shadow = useQuery({
    queryKey: ["rules", "shadow"],
    queryFn: ({ signal }) => shadowOrNone(signal),
    refetchInterval: 5_000,
  });
  const refresh = () => queries.invalidateQueries({ queryKey: ["rules", "shadow"] });
  const start = useMutation({
    mutationFn: () => call("PUT", "/api/rules/shadow", { body: { rules } }),
    onSuccess: refresh,
  });
  const end = useMutation({ mutationFn: () => call("DELETE", "/api/rules/shadow"), onSuccess: refresh });
  const problem = shadow.error ?? start.error ?? end.error;
  const run = shadow.data;
  return (
    <Card title="Shadow run">
      <div className="stack">
        <p className="muted">
          The rules as you see them in the table decide beside those in force, on what comes in from now on.
          Nothing is sent by them.
        </p>
        {problem && <ProblemNotice problem={problem} />}
        {mayChange && (
          <div className="buttons">
            <Button kind="primary" isBusy={start.isPending} onClick={() => start.mutate()}>
              {run ? "Start again with these rules" : "Start shadow run"}
            </Button>
            {run && (
              <Button isBusy={end.isPending} onClick={() => end.mutate()}>
                End shadow run
              </Button>
            )}
          </div>
        )}
        {run && (
          <p>
            <Badge tone={run.status === "running" ? "good" : run.status === "failed" ? "bad" : "warn"}>
              {run.status}
            </Badge>{" "}
            {run.since !== undefined && (
              <span className="muted">
                since <Time at={run.since} />
              </span>
            )}
            {run.reason}
          </p>
        )}
        {run && <Outcome result={run} />}
      </div>
    </Card>
  );
}
