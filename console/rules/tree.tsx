import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { call, get } from "../api/client.ts";
import type { Evaluation } from "../api/shapes.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { TextArea } from "../ui/field.tsx";
import { Notice, ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading } from "../ui/page.tsx";
import { TreeDrawing } from "./tree-drawing.tsx";
import { TreeList } from "./tree-list.tsx";
import { pathThrough, type ServerTree, shapeOf, type TreeNode } from "./tree-shape.ts";

const EXAMPLE = `{
  "email": "ada@example.com",
  "country": "US",
  "interest": "Education"
}`;
/** A drawing with more is no drawing any more; the list holds any number. */
const MAX_DRAWN = 250;

const countOf = ({ children }: TreeNode): number => 1 + children.reduce((sum, one) => sum + countOf(one), 0);

interface Props {
  readonly version: number;
  readonly hasDraft: boolean;
  /** JSON of a submission whose way is shown at once; empty for none. */
  readonly asked: string;
}

export function RuleTree({ version, hasDraft, asked }: Props) {
  const { may } = useSession();
  const tree = useQuery({
    queryKey: ["rules", "tree", version],
    queryFn: ({ signal }) => get<{ readonly tree: ServerTree }>("/api/rules/tree", signal),
  });
  const [text, setText] = useState(() => indented(asked) ?? EXAMPLE);
  const root = useMemo(() => tree.data && shapeOf(tree.data.tree), [tree.data]);
  const trying = useMutation({
    mutationFn: async () => {
      const submission = parsed(text);
      const answer = await call<Evaluation>("POST", "/api/rules/evaluate", { body: { submission } });
      return { answer, facts: { kind: "lead", ...submission } };
    },
  });
  const path = useMemo(
    () => new Set(tree.data && trying.data ? pathThrough(tree.data.tree, trying.data.facts) : []),
    [tree.data, trying.data],
  );

  const form = useRef<HTMLDivElement>(null);
  const isThere = root !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when there is a tree to show it in
  useEffect(() => {
    if (!isThere || asked === "" || !may("rules.try")) return;
    trying.mutate();
    form.current?.querySelector("textarea")?.focus();
  }, [isThere, asked]);

  if (tree.error) return <ProblemNotice problem={tree.error} />;
  if (root === undefined) return <Loading />;
  return (
    <div className="stack">
      {hasDraft && (
        <Notice>{`The tree shows version ${version}, which is in force; your draft is not in it.`}</Notice>
      )}
      {may("rules.try") && (
        <Card title="Which way does a submission take?">
          <div ref={form} className="stack">
            <TextArea
              label="Submission"
              value={text}
              rows={6}
              spellCheck={false}
              onChange={({ target }) => setText(target.value)}
            />
            <div className="buttons">
              <Button kind="primary" isBusy={trying.isPending} onClick={() => trying.mutate()}>
                Show path
              </Button>
            </div>
            {trying.error && <ProblemNotice problem={trying.error} />}
            {trying.data && (
              <Notice tone={trying.data.answer.rule === null ? "warn" : "good"}>
                <p>
                  {trying.data.answer.rule === null
                    ? "No rule matches it: it ends unrouted."
                    : `The rule ${trying.data.answer.rule} decides: it goes to ${trying.data.answer.partner ?? "where its service says"}.`}
                </p>
              </Notice>
            )}
          </div>
        </Card>
      )}
      <Card title={`The tree of version ${version}`}>
        {countOf(root) <= MAX_DRAWN && <TreeDrawing root={root} path={path} />}
        <TreeList root={root} path={path} />
      </Card>
    </div>
  );
}

function indented(json: string): string | undefined {
  try {
    return json === "" ? undefined : JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return undefined;
  }
}

function parsed(text: string): Record<string, unknown> {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new Error(`This is no JSON: ${error instanceof Error ? error.message : "it can't be read"}`);
  }
  if (typeof found !== "object" || found === null || Array.isArray(found))
    throw new Error("A submission is an object, like the example");
  return found as Record<string, unknown>;
}
