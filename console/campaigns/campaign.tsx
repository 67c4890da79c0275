import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "wouter";
import { call, get, Problem } from "../api/client.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/dialog.tsx";
import { Empty, Notice, ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading, numbers, Page } from "../ui/page.tsx";
import { Time } from "../ui/time.tsx";
import { worded } from "../ui/words.ts";
import { AddMembers } from "./add-members.tsx";
import { CampaignState } from "./campaign-state.tsx";
import { EditCampaign } from "./edit-campaign.tsx";
import { Flow } from "./flow.tsx";
import { Members } from "./members.tsx";
import { type Campaign as CampaignShape, membersOf } from "./shapes.ts";
import "./campaigns.css";

const FOLLOW_MS = 2_000;
type Verb = "start" | "pause" | "resume" | "cancel";

export default function Campaign() {
  const { id = "" } = useParams();
  const campaign = useQuery({
    queryKey: ["campaigns", id],
    queryFn: ({ signal }) => get<CampaignShape>(`/api/campaigns/${encodeURIComponent(id)}`, signal),
    refetchInterval: FOLLOW_MS,
  });
  if (campaign.error instanceof Problem && campaign.error.status === 404)
    return (
      <Page title="Campaign">
        <Empty title="There is no campaign with this id">
          <p>
            <Link href="/campaigns">All campaigns</Link>
          </p>
        </Empty>
      </Page>
    );
  const { data } = campaign;
  return (
    <Page
      title="Campaign"
      heading={data?.name ?? "Campaign"}
      lead={data && <Summary campaign={data} />}
      actions={data && <Actions campaign={data} />}
    >
      <div className="stack">
        {campaign.error && <ProblemNotice problem={campaign.error} />}
        {campaign.isPending && !campaign.error && <Loading />}
        {data && <Imported campaign={data} />}
        {data && (
          <Card title="Flow">
            <Flow campaign={data} />
          </Card>
        )}
        {data && <Members id={data.id} steps={data.steps} />}
      </div>
    </Page>
  );
}

function Summary({ campaign: { status, counts, next_due_at } }: { readonly campaign: CampaignShape }) {
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  return (
    <span className="campaign-summary">
      <CampaignState status={status} />
      <span>{`${numbers.format(membersOf(counts))} members`}</span>
      {parts.map(([name, count]) => (
        <span key={name}>{`${numbers.format(count)} ${name}`}</span>
      ))}
      {typeof next_due_at === "string" && (
        <span>
          next <Time at={next_due_at} />
        </span>
      )}
    </span>
  );
}

function Imported({ campaign }: { readonly campaign: CampaignShape }) {
  const { import: found } = campaign;
  if (found === undefined) return null;
  const tone = found.state === "failed" ? "bad" : found.state === "done" ? "good" : "info";
  return (
    <Notice tone={tone} title={`Import ${found.state}`}>
      <p>
        {`${numbers.format(found.pages)} pages: ${numbers.format(found.added)} added, ${numbers.format(found.duplicates)} known before, ${numbers.format(found.invalid)} invalid`}
        {found.reason !== undefined && `; ${worded(found.reason)}`}
      </p>
    </Notice>
  );
}

const offered: Readonly<Record<CampaignShape["status"], readonly Verb[]>> = {
  draft: ["start", "cancel"],
  running: ["pause", "cancel"],
  paused: ["resume", "cancel"],
  done: [],
  cancelled: [],
};
const texts: Readonly<Record<Verb, string>> = {
  start: "Start",
  pause: "Pause",
  resume: "Resume",
  cancel: "Cancel campaign",
};
const consequences: Readonly<Record<Verb, string>> = {
  start: "They begin at once, within its limits and outside its quiet hours.",
  pause: "Nothing more is sent until it is resumed. What is on its way arrives.",
  resume: "They go on where they are; waits that are over end at once.",
  cancel: "Nobody goes on, for good. What was sent stays sent.",
};

function Actions({ campaign }: { readonly campaign: CampaignShape }) {
  const mayChange = useSession().may("campaigns.change");
  const queries = useQueryClient();
  const [asking, setAsking] = useState<Verb | "edit" | "members">();
  if (!mayChange) return null;
  const close = (): void => setAsking(undefined);
  const count = membersOf(campaign.counts);
  async function act(verb: Verb): Promise<void> {
    await call("POST", `/api/campaigns/${encodeURIComponent(campaign.id)}/${verb}`);
    await queries.invalidateQueries({ queryKey: ["campaigns"] });
  }
  return (
    <>
      {offered[campaign.status].map((verb, n) => (
        <Button
          key={verb}
          kind={verb === "cancel" ? "danger" : n === 0 ? "primary" : "plain"}
          onClick={() => setAsking(verb)}
        >
          {texts[verb]}
        </Button>
      ))}
      {campaign.status !== "cancelled" && (
        <>
          <Button onClick={() => setAsking("members")}>Add members</Button>
          <Button onClick={() => setAsking("edit")}>Edit</Button>
        </>
      )}
      {asking === "edit" && <EditCampaign campaign={campaign} onClose={close} />}
      {asking === "members" && <AddMembers id={campaign.id} onClose={close} />}
      {asking !== undefined && asking !== "edit" && asking !== "members" && (
        <Confirm
          title={`${texts[asking]} for ${numbers.format(count)} ${count === 1 ? "member" : "members"}?`}
          verb={texts[asking]}
          kind={asking === "cancel" ? "danger" : "primary"}
          onConfirm={() => act(asking)}
          onClose={close}
        >
          <p>{consequences[asking]}</p>
        </Confirm>
      )}
    </>
  );
}
