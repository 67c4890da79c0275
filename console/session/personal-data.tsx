// For who may see personal data only with a reason: the reason, which is recorded with each look.
import { lazy, Suspense, useState } from "react";
import { Button } from "../ui/button.tsx";
import { useSession } from "./session.tsx";

/** No first screen waits for the code of dialogs. */
const AskReason = lazy(() => import("./ask-reason.tsx"));

export function PersonalData() {
  const { me, unmaskedBecause, unmask } = useSession();
  const [isAsking, setAsking] = useState(false);
  if (me?.personal_data !== "on_request") return null;
  if (unmaskedBecause !== undefined)
    return (
      <Button size="small" onClick={() => unmask(undefined)}>
        Hide personal data
      </Button>
    );
  return (
    <>
      <Button size="small" onClick={() => setAsking(true)}>
        Show personal data
      </Button>
      {isAsking && (
        <Suspense>
          <AskReason onReason={unmask} onClose={() => setAsking(false)} />
        </Suspense>
      )}
    </>
  );
}
