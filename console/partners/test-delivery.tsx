import { useState } from "react";
import { call } from "../api/client.ts";
import type { Partner } from "../api/shapes.ts";
import { Button } from "../ui/button.tsx";
import { Confirm, Frame } from "../ui/dialog.tsx";
import { Notice } from "../ui/notice.tsx";
import { worded } from "../ui/words.ts";

interface Tested {
  readonly request: unknown;
  readonly response: unknown;
  readonly outcome: string;
  readonly reason?: string;
  readonly price?: number;
  readonly timings?: { readonly total_ms: number };
}

/** One delivery that is marked as a test, counted nowhere, and shown in full. */
export function TestDelivery({
  partner,
  onClose,
}: {
  readonly partner: Partner;
  readonly onClose: () => void;
}) {
  const [tested, setTested] = useState<Tested>();
  if (tested !== undefined) return <Result partner={partner} tested={tested} onClose={onClose} />;
  return (
    <Confirm
      title={`Send 1 test delivery to ${partner.name}?`}
      verb="Test"
      onConfirm={async () => {
        setTested(await call<Tested>("POST", `/api/partners/${partner.id}/test`, { body: {} }));
        return "stay";
      }}
      onClose={onClose}
    >
      <p>A made-up lead goes to the partner, marked with x-switchyard-test. It is counted nowhere.</p>
    </Confirm>
  );
}

function Result({
  partner,
  tested,
  onClose,
}: {
  readonly partner: Partner;
  readonly tested: Tested;
  readonly onClose: () => void;
}) {
  const { outcome, reason, price, timings } = tested;
  const title = reason === undefined ? worded(outcome) : `${worded(outcome)}: ${worded(reason)}`;
  return (
    <Frame title={`Test of ${partner.name}`} onClose={onClose} wide>
      <div className="dialog-body">
        <Notice tone={outcome === "success" ? "good" : "warn"} title={title}>
          <p>
            {timings && `It took ${Math.round(timings.total_ms)} ms.`}
            {price !== undefined && ` Its price is ${price}.`}
          </p>
        </Notice>
        <h3>Request</h3>
        <pre>{JSON.stringify(tested.request, null, 2)}</pre>
        <h3>Answer</h3>
        <pre>{JSON.stringify(tested.response, null, 2)}</pre>
        <div className="dialog-buttons">
          <Button onClick={onClose}>Close</Button>
        </div>
      </div>
    </Frame>
  );
}
