import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import type { Page as ApiPage } from "../api/admin-shapes.ts";
import { get } from "../api/client.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
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
      actions={mayChange && <Button onClick={() => setAdding(true)}>Add campaign</Button>}
    >
      <div className="stack">
        {campaigns.error && <ProblemNotice problem={campaigns.error} />}
        <Card flush>
          {campaigns.isPending && !campaigns.error && <Loading />}
          {campaigns.data?.length === 0 && (
            <Empty title="No campaigns yet">
              <p>A campaign takes many people through steps: messages, waits for replies, branches.</p>
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
    <table className="table table-cards">
      <thead>
        <tr>
          <th scope="col">Campaign</th>
          <th scope="col">State</th>
          <th scope="col" className="number">
            Members
          </th>
          {columns.map((column) => (
            <th key={column} scope="col" className="number">
              {capital(column)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {campaigns.map(({ id, name, status, counts }) => (
          <tr key={id}>
            <th scope="row" className="break">
              <Link href={`/campaigns/${id}`}>{name}</Link>
            </th>
            <td data-label="State">
              <CampaignState status={status} />
            </td>
            <td data-label="Members" className="number">
              {numbers.format(membersOf(counts))}
            </td>
            {columns.map((column) => (
              <td key={column} data-label={capital(column)} className="number">
                {numbers.format(counts[column])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
