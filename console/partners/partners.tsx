import { useState } from "react";
import { Link } from "wouter";
import { usePartners } from "../api/queries.ts";
import type { Partner } from "../api/shapes.ts";
import { useSession } from "../session/session.tsx";
import { Button } from "../ui/button.tsx";
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
    <table className="table table-cards partner-table">
      <thead>
        <tr>
          <th scope="col">Partner</th>
          <th scope="col">State</th>
          <th scope="col" className="number">
            Queue
          </th>
          <th scope="col" className="number">
            Held
          </th>
          <th scope="col">Caps</th>
          <th scope="col" className="number">
            Delivered
          </th>
          <th scope="col" className="number">
            Dead
          </th>
          {may("partners.change") && (
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {partners.map((partner) => (
          <tr key={partner.id}>
            <th scope="row" className="partner-name">
              <Link href={`/partners/${partner.id}`} className="break">
                {partner.name}
              </Link>
              <span className="mono muted small">{partner.id}</span>
            </th>
            <td data-label="State">
              <PartnerState partner={partner} />
            </td>
            <td data-label="Queue" className="number">
              {numbers.format(partner.queue_depth)}
            </td>
            <td data-label="Held" className="number">
              {numbers.format(partner.held)}
            </td>
            <td data-label="Caps">
              <Caps partner={partner} />
            </td>
            <td data-label="Delivered" className="number">
              {numbers.format(partner.delivered)}
            </td>
            <td data-label="Dead" className="number">
              {numbers.format(partner.dead_lettered)}
            </td>
            {may("partners.change") && (
              <td>
                <PartnerButtons partner={partner} size="small" />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
