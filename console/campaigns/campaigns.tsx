import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import type { Page as ApiPage } from "../api/admin-shapes.ts";
import { get } from "../api/client.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { DataTable } from "../ui/data-table.tsx";
import { Empty, ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading, numbers, Page } from "../ui/page.tsx";
import { CampaignState } from "./campaign-state.tsx";
import { EditCampaign } from "./edit-campaign.tsx";
import { type CampaignSummary, membersOf } from "./shapes.ts";
import "./campaigns.css";

const FOLLOW_MS = 2_000;

export default function Campaigns() {
  const mayChange = useSession().may("campaigns.change");
  const [isAdding, setAdding] = useState(false);
  const campaigns = useQuery({
    queryKey: ["campaigns", "list"],
    queryFn: async ({ signal }) => (await get<ApiPage<CampaignSummary>>("/api/campaigns", signal)).items,
    refetchInterval: FOLLOW_MS,
  });
  return (
    <Page
      title="Campaigns"
      lead="Many people, each taken through steps: messages, waits for replies, branches."
      actions={
        mayChange && (
          <Button kind="primary" onClick={() => setAdding(true)}>
            Add campaign
          </Button>
        )
      }
    >
      <div className="stack">
        {campaigns.error && <ProblemNotice problem={campaigns.error} />}
        <Card flush>
          {campaigns.isPending && !campaigns.error && <Loading />}
          {campaigns.data?.length === 0 && (
            <Empty title="No campaigns yet">
              <p>Add one with its steps, then its members, and start it.</p>
            </Empty>
          )}
          {campaigns.data && campaigns.data.length > 0 && <Table campaigns={campaigns.data} />}
        </Card>
      </div>
      {isAdding && <EditCampaign campaign={undefined} onClose={() => setAdding(false)} />}
    </Page>
  );
}

function Table({ campaigns }: { readonly campaigns: readonly CampaignSummary[] }) {
  const columns = ["pending", "working", "waiting", "done", "failed"] as const;
  return (
    <DataTable
      rows={campaigns}
      keyOf={({ id }) => id}
      columns={[
        { name: "Campaign", cell: ({ id, name }) => <Link href={`/campaigns/${id}`}>{name}</Link> },
        { name: "State", cell: ({ status }) => <CampaignState status={status} /> },
        { name: "Members", isNumber: true, cell: ({ counts }) => numbers.format(membersOf(counts)) },
        ...columns.map((column) => ({
          name: capital(column),
          isNumber: true,
          cell: ({ counts }: CampaignSummary) => numbers.format(counts[column]),
        })),
      ]}
    />
  );
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
