import { useState } from "react";
import { Link } from "wouter";
import { usePartners } from "../api/queries.ts";
import type { Partner } from "../api/shapes.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
import { actions, DataTable } from "../ui/data-table.tsx";
import { Empty, ProblemNotice } from "../ui/notice.tsx";
import { Card, Loading, numbers, Page } from "../ui/page.tsx";
import { Caps } from "./caps.tsx";
import { EditPartner } from "./edit-partner.tsx";
import { PartnerButtons } from "./partner-buttons.tsx";
import { PartnerState } from "./partner-state.tsx";
import "./partners.css";

export default function Partners() {
  const { may } = useSession();
  const partners = usePartners();
  const [isAdding, setAdding] = useState(false);
  return (
    <Page
      title="Partners"
      lead="Where leads are delivered, and how each of them fares."
      actions={
        may("partners.change") && (
          <Button kind="primary" onClick={() => setAdding(true)}>
            Add partner
          </Button>
        )
      }
    >
      {partners.error && <ProblemNotice problem={partners.error} />}
      <Card flush>
        {partners.data === undefined ? (
          <Loading />
        ) : partners.data.length === 0 ? (
          <Empty title="No partners yet">
            <p>Add one, and then a rule that routes to it.</p>
          </Empty>
        ) : (
          <PartnerTable partners={partners.data} />
        )}
      </Card>
      {isAdding && <EditPartner partner={undefined} onClose={() => setAdding(false)} />}
    </Page>
  );
}

function PartnerTable({ partners }: { readonly partners: readonly Partner[] }) {
  const { may } = useSession();
  return (
    <DataTable
      className="partner-table"
      rows={partners}
      keyOf={({ id }) => id}
      columns={[
        {
          name: "Partner",
          className: "partner-name",
          cell: ({ id, name }) => (
            <>
              <Link href={`/partners/${id}`} className="break">
                {name}
              </Link>
              <span className="mono muted small">{id}</span>
            </>
          ),
        },
        { name: "State", cell: (partner) => <PartnerState partner={partner} /> },
        { name: "Queue", isNumber: true, cell: ({ queue_depth }) => numbers.format(queue_depth) },
        { name: "Held", isNumber: true, cell: ({ held }) => numbers.format(held) },
        { name: "Caps", cell: (partner) => <Caps partner={partner} /> },
        { name: "Delivered", isNumber: true, cell: ({ delivered }) => numbers.format(delivered) },
        { name: "Dead", isNumber: true, cell: ({ dead_lettered }) => numbers.format(dead_lettered) },
        may("partners.change") &&
          actions((partner: Partner) => <PartnerButtons partner={partner} size="small" />),
      ]}
    />
  );
}
