import { useQueryClient } from "@tanstack/react-query";
import { type ComponentProps, useEffect, useRef, useState } from "react";
import { useRules } from "../api/queries.ts";
import type { Findings, Rule, RuleSet } from "../api/shapes.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/dialog.tsx";
import { useFilters } from "../ui/filters.ts";
import { Empty, Notice, ProblemNotice } from "../ui/notice.tsx";
import { Card, counted, Loading, Page } from "../ui/page.tsx";
import { Tabs } from "../ui/tabs.tsx";
import { Time } from "../ui/time.tsx";
import { Backtest } from "./backtest.tsx";
import { ChangesList } from "./changes-list.tsx";
import { CheckResult } from "./check.tsx";
import { useChecked } from "./checked.ts";
import { changes, withRule } from "./draft.ts";
import { DraftSaved, DraftTrouble } from "./draft-state.tsx";
import { History } from "./history.tsx";
import { Moved } from "./moved.tsx";
import { Publish } from "./publish.tsx";
import { Published } from "./published.tsx";
import { RuleEditor } from "./rule-editor.tsx";
import { RuleTable } from "./rule-table.tsx";
import { Shadow } from "./shadow.tsx";
import { RuleTree } from "./tree.tsx";
import { useDraft } from "./use-draft.ts";
import "./rules.css";

const TABS = ["table", "tree", "history", "shadow"] as const;
type Tab = (typeof TABS)[number];

type Open = { readonly editor: Rule | undefined } | "publish" | "discard" | "backtest";

export default function Rules() {
  const live = useRules();
  if (live.data === undefined)
    return <Page title="Rules">{live.error ? <ProblemNotice problem={live.error} /> : <Loading />}</Page>;
  return <Desk live={live.data} />;
}

function Desk({ live }: { readonly live: RuleSet }) {
  const { may } = useSession();
  const mayDraft = may("rules.draft");
  const mayTry = may("rules.try");
  const queries = useQueryClient();
  const filters = useFilters();
  const inHand = useDraft(live, mayDraft);
  const { draft, state } = inHand;
  // Until it is known whether there is a draft, whatever is changed would begin another.
  const mayChange = mayDraft && state.is !== "loading";
  const [open, setOpen] = useState<Open>();
  const [published, setPublished] = useState<ComponentProps<typeof Published>>();
  const rules = draft?.rules ?? live.rules;
  const differences = draft === undefined ? [] : changes(draft.base.rules, draft.rules);
  const isBehind = draft !== undefined && draft.base.version < live.version;
  const [wantsCheck, setWantsCheck] = useState(false);
  const checked = useChecked(mayTry && (draft !== undefined || wantsCheck) ? rules : undefined);
  const { findings } = checked;
  // Whoever closes what was found has seen it, until something else is found.
  const [seen, setSeen] = useState<Findings>();
  const showsFindings =
    findings !== undefined &&
    findings !== seen &&
    open !== "publish" &&
    (wantsCheck || (draft !== undefined && findings.conflicts.length + findings.unknown_fields.length > 0));
  const asked = filters.get("try");
  const tab = TABS.find((one) => one === filters.get("tab")) ?? "table";

  const draftCard = useRef<HTMLDivElement>(null);
  const conflicts = findings?.conflicts.length ?? 0;
  const [isMended, setMended] = useState(false);
  const hadConflicts = useRef(false);
  useEffect(() => {
    const has = draft !== undefined && conflicts > 0;
    if (hadConflicts.current !== has) setMended(draft !== undefined && !has);
    hadConflicts.current = has;
  }, [conflicts, draft]);
  // What is mended goes away, and with it the button that led to it.
  useEffect(() => {
    if (!showsFindings && document.activeElement === document.body) draftCard.current?.focus();
  }, [showsFindings]);

  function edit(next: readonly Rule[]): void {
    setWantsCheck(false);
    setPublished(undefined);
    setMended(false);
    inHand.edit(next);
  }

  const actions = (
    <>
      {mayChange && (
        <Button
          kind={draft === undefined ? "primary" : "plain"}
          onClick={() => setOpen({ editor: undefined })}
        >
          Add rule
        </Button>
      )}
      {mayTry && (
        <>
          <Button
            isBusy={wantsCheck && checked.isPending}
            onClick={() => {
              setSeen(undefined);
              setWantsCheck(true);
            }}
          >
            Check
          </Button>
          <Button onClick={() => setOpen("backtest")}>Back-test</Button>
        </>
      )}
      {mayChange && (
        <>
          <Button disabled={draft === undefined} onClick={() => setOpen("discard")}>
            Discard
          </Button>
          <Button
            kind={draft === undefined ? "plain" : "primary"}
            disabled={draft === undefined || isBehind}
            onClick={() => setOpen("publish")}
          >
            Publish
          </Button>
        </>
      )}
    </>
  );

  return (
    <Page title="Rules" lead={<InForce live={live} />} actions={actions}>
      <div className="stack">
        {live.compile_error !== undefined && (
          <Notice tone="bad" title="The newest rules are not in force">
            <p>{live.compile_error}</p>
          </Notice>
        )}
        {published !== undefined && <Published {...published} />}
        {isBehind && draft !== undefined && <Moved draft={draft} live={live} onRebase={inHand.replace} />}
        <DraftTrouble inHand={inHand} />
        {draft !== undefined && (
          <div ref={draftCard} tabIndex={-1} className="focus-stop">
            <Card
              title={`Your draft of version ${draft.base.version}: ${counted(differences.length, "change")}`}
              actions={<DraftSaved state={state} />}
            >
              {/* Always there, so that it is read out when it gets a text. */}
              <p role="status" className="small">
                {isMended && "No conflict any more."}
              </p>
              <ChangesList changes={differences} />
            </Card>
          </div>
        )}
        {wantsCheck && checked.problem && <ProblemNotice problem={checked.problem} />}
        {showsFindings && (
          <CheckResult
            findings={findings}
            nameOf={(id) => rules.find((one) => one.id === id)?.name ?? id}
            onEdit={mayChange ? (id) => setOpen({ editor: rules.find((one) => one.id === id) }) : undefined}
            onClose={() => {
              setSeen(findings);
              setWantsCheck(false);
            }}
          />
        )}
        {open === "backtest" && <Backtest rules={rules} onClose={() => setOpen(undefined)} />}
        <Tabs<Tab>
          label="Views of the rules"
          selected={tab}
          onSelect={(key) => filters.set({ tab: key === "table" ? "" : key })}
          tabs={[
            {
              key: "table",
              name: "Table",
              panel: (
                <Card flush>
                  {rules.length === 0 ? (
                    <Empty title="No rules yet">
                      <p>Until there is one, every submission ends unrouted.</p>
                    </Empty>
                  ) : (
                    <RuleTable
                      rules={rules}
                      marks={
                        new Map(
                          differences.map(({ rule, change }) => [rule, change === "added" ? "new" : change]),
                        )
                      }
                      mayChange={mayChange}
                      highlighted={filters.get("rule")}
                      onChange={edit}
                      onEdit={(rule) => setOpen({ editor: rule })}
                    />
                  )}
                </Card>
              ),
            },
            {
              key: "tree",
              name: "Tree",
              panel: (
                <RuleTree key={asked} version={live.version} hasDraft={draft !== undefined} asked={asked} />
              ),
            },
            {
              key: "history",
              name: "History",
              panel: (
                <Card>
                  <History mayChange={mayChange} />
                </Card>
              ),
            },
            { key: "shadow", name: "Shadow", panel: <Shadow rules={rules} mayChange={mayChange} /> },
          ]}
        />
      </div>
      {typeof open === "object" && (
        <RuleEditor
          rule={open.editor}
          rules={rules}
          onClose={() => setOpen(undefined)}
          onSave={(rule) => {
            edit(withRule(rules, rule));
            setOpen(undefined);
          }}
        />
      )}
      {open === "publish" && draft !== undefined && (
        <Publish
          draft={draft}
          onClose={() => setOpen(undefined)}
          onMoved={() => void queries.invalidateQueries({ queryKey: ["rules"] })}
          onPublished={async (now) => {
            queries.setQueryData(["rules"], now);
            await inHand.discard();
            setWantsCheck(false);
            const changed = differences.find(({ change, after }) => change !== "moved" && after?.enabled);
            setPublished({ version: now.version, rule: changed?.after });
            void queries.invalidateQueries({ queryKey: ["rules"] });
          }}
        />
      )}
      {open === "discard" && draft !== undefined && (
        <Confirm
          title={`Discard ${counted(differences.length, "change")}?`}
          verb="Discard"
          kind="danger"
          onClose={() => setOpen(undefined)}
          onConfirm={async () => {
            await inHand.discard();
            // The button that led here can't be pressed any more.
            document.getElementById("content")?.focus();
          }}
        >
          <p>{`Your draft is gone then; version ${live.version}, which is in force, stays as it is.`}</p>
        </Confirm>
      )}
    </Page>
  );
}

function InForce({ live }: { readonly live: RuleSet }) {
  if (live.version === 0) return "Nobody has made rules yet.";
  return (
    <>
      {`Version ${live.version} is in force, compiled `}
      <Time at={live.compiled_at} />
      {"."}
    </>
  );
}
