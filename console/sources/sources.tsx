// Who may send, with which secrets; and a form that sends as they do.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Page as ApiPage, Source } from "../api/admin-shapes.ts";
import { call, get } from "../api/client.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { Empty, ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading, Page } from "../ui/page.tsx";
import { EditSource } from "./edit-source.tsx";
import { SourceCard } from "./source-card.tsx";
import { type Tried, TryIt } from "./try-it.tsx";
import "./sources.css";

export default function Sources() {
  const { may } = useSession();
  const mayChange = may("sources.change");
  const [isAdding, setAdding] = useState(false);
  const [secrets, setSecrets] = useState<Readonly<Record<string, string>>>({});
  const [tried, setTried] = useState<Tried>();
  const queries = useQueryClient();
  const sources = useQuery({
    queryKey: ["sources", "all"],
    queryFn: async ({ signal }) => (await get<ApiPage<Source>>("/api/sources", signal)).items,
  });
  async function makeSecret(source: string): Promise<void> {
    const path = `/api/sources/${encodeURIComponent(source)}/secrets`;
    const { secret } = await call<{ readonly secret: string }>("POST", path);
    setSecrets((before) => ({ ...before, [source]: secret }));
    await queries.invalidateQueries({ queryKey: ["sources"] });
  }

  return (
    <Page title="Sources" actions={mayChange && <Button onClick={() => setAdding(true)}>Add source</Button>}>
      <div className="stack">
        {sources.error && <ProblemNotice problem={sources.error} />}
        {sources.isPending && !sources.error && <Loading />}
        {sources.data?.length === 0 && (
          <Card flush>
            <Empty title="No sources yet">
              <p>A source is who sends leads: a site, a shop, a courier.</p>
            </Empty>
          </Card>
        )}
        {sources.data && (
          <div className="sources">
            {sources.data.map((source) => (
              <SourceCard
                key={source.id}
                source={source}
                mayChange={mayChange}
                onSecret={(secret) => setSecrets({ ...secrets, [source.id]: secret })}
                onTry={() => setTried({ source: source.id })}
              />
            ))}
          </div>
        )}
        {sources.data && (
          <TryIt
            sources={sources.data}
            tried={tried}
            secrets={secrets}
            onMakeSecret={mayChange ? makeSecret : undefined}
          />
        )}
        {isAdding && <EditSource source={undefined} onClose={() => setAdding(false)} />}
      </div>
    </Page>
  );
}
