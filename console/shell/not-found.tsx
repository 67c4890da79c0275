import { Link } from "wouter";
import { Empty } from "../ui/notice.tsx";
import { Card, Page } from "../ui/page.tsx";

/** For an address that leads to no screen. */
export function NotFound() {
  return (
    <Page title="Not found">
      <Card>
        <Empty title="There is nothing at this address">
          <p>The address may be mistyped, or what was here has moved.</p>
          <p>
            <Link href="/" className="button button-primary">
              Go to the overview
            </Link>
          </p>
        </Empty>
      </Card>
    </Page>
  );
}
