import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import type { Page as ApiPage } from "../api/admin-shapes.ts";
import { get, withQuery } from "../api/client.ts";
import { typeInWords } from "../audit/words.ts";
import { Badge, type Tone } from "../ui/badge.tsx";
import { Button } from "../ui/button.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { Frame } from "../ui/dialog.tsx";
import { Select } from "../ui/field.tsx";
import { useFilters } from "../ui/filters.ts";
import { ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading } from "../ui/page.tsx";
import { Pager } from "../ui/pager.tsx";
import { SearchField } from "../ui/search-field.tsx";
import { Time } from "../ui/time.tsx";
import { worded } from "../ui/words.ts";
import { type Member, type MemberWithTimeline, memberStatuses, type Step } from "./shapes.ts";

const tones: Readonly<Record<Member["status"], Tone>> = {
  pending: "idle",
  working: "accent",
  waiting: "warn",
  done: "good",
  failed: "bad",
  cancelled: "idle",
};

interface Props {
  readonly id: string;
  readonly steps: readonly Step[];
}

export function Members({ id, steps }: Props) {
  const filters = useFilters();
  const { set } = filters;
  const search = useCallback((q: string) => set({ q }), [set]);
  const [shown, setShown] = useState<string>();
  const path = `/api/campaigns/${encodeURIComponent(id)}/members`;
  const query = {
    ...Object.fromEntries(["status", "step", "q", "cursor"].map((name) => [name, filters.get(name)])),
    limit: 50,
  };
  const members = useQuery({
    queryKey: ["campaigns", id, "members", query],
    queryFn: ({ signal }) => get<ApiPage<Member>>(withQuery(path, query), signal),
    placeholderData: keepPreviousData,
  });
  const choice = (label: string, name: string, values: readonly string[]) => (
    <Select label={label} value={filters.get(name)} onChange={({ target }) => set({ [name]: target.value })}>
      <option value="">Any</option>
      {values.map((value) => (
        <option key={value}>{value}</option>
      ))}
    </Select>
  );
  return (
    <Card title="Members">
      <search className="filters">
        <SearchField
          label="Search"
          value={filters.get("q")}
          placeholder="E-mail, exactly"
          onChange={search}
        />
        {choice("Status", "status", memberStatuses)}
        {choice(
          "Step",
          "step",
          steps.map((step) => step.id),
        )}
      </search>
      {members.error && <ProblemNotice problem={members.error} />}
      {members.isPending && !members.error && <Loading />}
      {members.data?.items.length === 0 && <p className="muted members-none">No member is like that.</p>}
      {members.data && members.data.items.length > 0 && (
        <Table members={members.data.items} onShow={setShown} />
      )}
      <Pager filters={filters} next={members.data?.next_cursor} />
      {shown !== undefined && (
        <OneMember path={`${path}/${encodeURIComponent(shown)}`} onClose={() => setShown(undefined)} />
      )}
    </Card>
  );
}

function Table({
  members,
  onShow,
}: {
  readonly members: readonly Member[];
  readonly onShow: (id: string) => void;
}) {
  return (
    <DataTable
      className="members"
      rows={members}
      keyOf={({ id }) => id}
      columns={[
        {
          name: "Member",
          cell: ({ id, email }) => (
            <Button kind="quiet" size="small" onClick={() => onShow(id)}>
              {email ?? "forgotten"}
            </Button>
          ),
        },
        {
          name: "Status",
          cell: ({ status, reason }) => (
            <span>
              <Badge tone={tones[status]}>{status}</Badge>
              {reason !== undefined && <span className="muted small break"> {worded(reason)}</span>}
            </span>
          ),
        },
        { name: "Step", className: "break", cell: ({ step }) => step ?? <span className="muted">none</span> },
        { name: "Due", cell: ({ due_at }) => due_at !== undefined && <Time at={due_at} /> },
      ]}
    />
  );
}

function OneMember({ path, onClose }: { readonly path: string; readonly onClose: () => void }) {
  const member = useQuery({
    queryKey: ["campaigns", path],
    queryFn: ({ signal }) => get<MemberWithTimeline>(path, signal),
  });
  return (
    <Frame title={member.data?.email ?? "Member"} onClose={onClose}>
      <div className="dialog-body">
        {member.error && <ProblemNotice problem={member.error} />}
        {member.isPending && !member.error && <Loading />}
        <ol className="timeline">
          {member.data?.timeline.map(({ position, at, type, step, reason }) => (
            <li key={position} className="timeline-item">
              <div className="timeline-head">
                <strong>{typeInWords(type)}</strong>
                <span className="muted small">
                  <Time at={at} both />
                </span>
              </div>
              <p className="muted small break">
                {[step, typeof reason === "string" ? worded(reason) : undefined]
                  .filter((one) => typeof one === "string")
                  .join(": ")}
              </p>
            </li>
          ))}
        </ol>
        <div className="dialog-buttons">
          <Button onClick={onClose}>Close</Button>
        </div>
      </div>
    </Frame>
  );
}
