import { useSession } from "../session/session.tsx";
import { Page } from "../ui/page.tsx";
import { Own } from "./own.tsx";
import { Projections } from "./projections.tsx";
import { Tokens } from "./tokens.tsx";
import { Users } from "./users.tsx";
import "./settings.css";

export default function Settings() {
  const { me, may } = useSession();
  return (
    <Page title="Settings">
      <div className="stack">
        {may("users.read") && <Users />}
        {may("tokens.read") && <Tokens />}
        {may("projections.read") && <Projections />}
        {me?.kind === "user" && <Own />}
      </div>
    </Page>
  );
}
