// What a draft would have done with what came in before: read from the server line by line.
import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { request } from "../api/client.ts";
import type { Rule } from "../api/shapes.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { asMoment } from "../ui/filters.ts";
import { Notice, ProblemNotice } from "../ui/notice.tsx";
import { Card, numbers } from "../ui/page.tsx";

interface Result {
  readonly total: number;
  readonly changed: number;
  readonly partners: Readonly<Record<string, Counts>>;
  readonly unrouted?: Counts;
  readonly examples: readonly {
    readonly id: string;
    readonly from: string | null;
    readonly to: string | null;
    readonly rule: string | null;
  }[];
}

interface Line {
  readonly progress?: { readonly done: number; readonly total: number };
  readonly result?: Result;
  readonly error?: string;
}

async function* linesOf(response: Response): AsyncGenerator<Line> {
  if (response.body === null) return;
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield JSON.parse(line) as Line;
  }
  if (rest.trim() !== "") yield JSON.parse(rest) as Line;
}

export function Backtest({
  rules,
  onClose,
}: {
  readonly rules: readonly Rule[];
  readonly onClose: () => void;
}) {
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [progress, setProgress] = useState<Line["progress"]>();
  const [result, setResult] = useState<Result>();
  const [problem, setProblem] = useState<unknown>();
  const running = useRef<AbortController>(undefined);
  const [isRunning, setRunning] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it begins once, with everything that came in
  useEffect(() => {
    void run();
    return () => running.current?.abort();
  }, []);

  async function run(): Promise<void> {
    const stopping = new AbortController();
    running.current?.abort();
    running.current = stopping;
    setRunning(true);
    setResult(undefined);
    setProblem(undefined);
    setProgress({ done: 0, total: 0 });
    const range = { from: asMoment(from), to: asMoment(to) };
    try {
      const body = {
        rules,
        against: "in_force",
        ...(range.from && { from: range.from }),
        ...(range.to && { to: range.to }),
      };
      const response = await request("POST", "/api/rules/backtest", { body, signal: stopping.signal });
      for await (const line of linesOf(response)) {
        if (line.progress !== undefined) setProgress(line.progress);
        if (line.result !== undefined) setResult(line.result);
        if (line.error !== undefined) throw new Error(line.error);
      }
    } catch (error) {
      if (!stopping.signal.aborted) setProblem(error);
    } finally {
      if (running.current === stopping) setRunning(false);
    }
  }

  return (
    <Card
      title="Back-test"
      actions={
        <Button size="small" onClick={onClose}>
          Close
        </Button>
      }
    >
      <div className="stack">
        <p className="muted">
          Where the rules in force would send each past lead first, beside where these rules would. What a
          partner would have answered can't be replayed.
        </p>
        <div className="filters">
          <Field
            label="From"
            type="datetime-local"
            value={from}
            onChange={({ target }) => setFrom(target.value)}
          />
          <Field label="To" type="datetime-local" value={to} onChange={({ target }) => setTo(target.value)} />
        </div>
        <div className="buttons">
          <Button kind="primary" isBusy={isRunning} onClick={() => void run()}>
            Run again
          </Button>
          {isRunning && <Button onClick={() => running.current?.abort()}>Stop</Button>}
        </div>
        {progress !== undefined && (isRunning || result !== undefined) && (
          <label className="backtest-progress">
            <span className="small muted">
              {result === undefined
                ? `${numbers.format(progress.done)} of ${numbers.format(progress.total)} places of the log`
                : "Done"}
            </span>
            <progress
              max={progress.total || 1}
              value={result === undefined ? progress.done : progress.total || 1}
            />
          </label>
        )}
        {problem !== undefined && <ProblemNotice problem={problem} />}
        {result !== undefined && <Outcome result={result} />}
      </div>
    </Card>
  );
}

export function Outcome({ result }: { readonly result: Result }) {
  const { total, changed, partners, unrouted, examples } = result;
  const rows = Object.entries(partners).sort(([a], [b]) => a.localeCompare(b));
  return (
    <div className="stack">
      <Notice
        tone={total === 0 || changed > 0 ? "info" : "good"}
        title={`${numbers.format(changed)} of ${numbers.format(total)} leads would go elsewhere`}
      >
        {total === 0 && <p>No lead has come in yet in this time, so there is nothing to compare with.</p>}
      </Notice>
      {total > 0 && (
        <ByPartner rows={[...rows, ...(unrouted ? ([["no partner", unrouted]] as const) : [])]} />
      )}
      {examples.length > 0 && (
        <div>
          <h3>Examples</h3>
          <ul className="examples">
            {examples.map(({ id, from, to, rule }) => (
              <li key={id}>
                <Link href={`/leads/${id}`} className="mono">
                  {id}
                </Link>
                <span className="break">
                  {`${from ?? "nobody"} → ${to ?? "nobody"}`}
                  {rule !== null && <span className="muted">{` by ${rule}`}</span>}
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

interface Counts {
  readonly now: number;
  readonly then: number;
  /** Where they really went, if `now` is something else. */
  readonly went?: number;
}

function ByPartner({ rows }: { readonly rows: readonly (readonly [string, Counts])[] }) {
  const tellsWent = rows.some(([, { went }]) => went !== undefined);
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Partner</th>
          <th scope="col" className="number">
            {tellsWent ? "Rules in force" : "As it was"}
          </th>
          <th scope="col" className="number">
            With the draft
          </th>
          <th scope="col" className="number">
            Difference
          </th>
          {tellsWent && (
            <th scope="col" className="number">
              Really went
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {rows.map(([id, counts]) => (
          <tr key={id}>
            <th scope="row" className="break">
              {id}
            </th>
            <td className="number">{numbers.format(counts.now)}</td>
            <td className="number">{numbers.format(counts.then)}</td>
            <td className="number">{signed(counts.then - counts.now)}</td>
            {tellsWent && <td className="number">{numbers.format(counts.went ?? 0)}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const signed = (difference: number): string =>
  difference > 0 ? `+${numbers.format(difference)}` : numbers.format(difference);
