// What is being redriven or discarded: how far it is, and a way to hold it.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { call, get } from "../api/client.ts";
import type { DeadLetterMove } from "../api/shapes.ts";
import { Button } from "../ui/button.tsx";
import { ProblemNotice } from "../ui/notice.tsx";
import { Card, numbers } from "../ui/page.tsx";

const FOLLOW_MS = 1_000;
const REST_MS = 10_000;

export function Moves({ mayHold }: { readonly mayHold: boolean }) {
  const queries = useQueryClient();
  const [problem, setProblem] = useState<unknown>();
  const { data = [] } = useQuery({
    queryKey: ["dead-letters", "moves"],
    queryFn: async ({ signal }) =>
      (await get<{ readonly items: readonly DeadLetterMove[] }>("/api/dlq/requests", signal)).items,
    refetchInterval: ({ state }) => ((state.data ?? []).length > 0 ? FOLLOW_MS : REST_MS),
  });
  async function hold({ id, paused }: DeadLetterMove): Promise<void> {
    setProblem(undefined);
    try {
      await call("POST", `/api/dlq/requests/${id}/${paused ? "resume" : "pause"}`);
    } catch (error) {
      setProblem(error);
    }
    await queries.invalidateQueries({ queryKey: ["dead-letters"] });
  }
  if (data.length === 0 && problem === undefined) return null;
  return (
    <Card title="Under way">
      {problem !== undefined && <ProblemNotice problem={problem} />}
      <ul className="moves">
        {data.map((move) => (
          <li key={move.id}>
            <span>
              {`${inWords(move)}: ${numbers.format(move.moved)} of ${numbers.format(move.count)}`}
              {move.by !== undefined && <span className="muted">{`, asked for by ${move.by}`}</span>}
            </span>
            <progress max={Math.max(1, move.count)} value={move.moved} aria-label={inWords(move)} />
            {mayHold && (
              <Button size="small" onClick={() => void hold(move)}>
                {move.paused ? "Resume" : "Pause"}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Card>
  );
}

const inWords = ({ action, paused }: DeadLetterMove): string =>
  `${action === "redrive" ? "Redrive" : "Discard"}${paused ? ", paused" : ""}`;
