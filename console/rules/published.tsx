// What was published is tried with a lead next, by who may make a secret to sign one with. Others see what the rules in force say of one.
import { useEffect, useRef } from "react";
import { Link } from "wouter";
import { withQuery } from "../api/client.ts";
import type { Route, Rule } from "../api/shapes.ts";
import { useSession } from "../session/session.tsx";
import { Notice } from "../ui/notice.tsx";
import { type Example, exampleFor } from "./example.ts";

interface Props {
  readonly version: number;
  /** One that changed and is in use. */
  readonly rule: Rule | undefined;
}

export function Published({ version, rule }: Props) {
  const { may } = useSession();
  const notice = useRef<HTMLDivElement>(null);
  // The button that led here can't be pressed any more.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each version is told of once
  useEffect(() => notice.current?.focus(), [version]);
  const example = rule === undefined ? {} : exampleFor(rule);
  return (
    <div ref={notice} tabIndex={-1} className="focus-stop">
      <Notice tone="good" title={`Version ${version} is published`}>
        {may("sources.change") ? (
          <p>
            {"Every router uses it. "}
            <Link href={withQuery("/sources", { try: JSON.stringify(example) })}>
              Send a lead and see where it goes
            </Link>
          </p>
        ) : (
          <WithoutSecret example={example} rule={rule} />
        )}
      </Notice>
    </div>
  );
}

function WithoutSecret({ example, rule }: { readonly example: Example; readonly rule: Rule | undefined }) {
  const { may } = useSession();
  const partner = rule === undefined ? undefined : firstPartner(rule.route);
  return (
    <>
      <p>
        Every router uses it. To send a lead from here takes a secret, which a developer or an admin makes.
      </p>
      <ul>
        {may("rules.try") && (
          <li>
            <Link href={withQuery("/rules", { tab: "tree", try: JSON.stringify(example) })}>
              See which way a lead like this takes
            </Link>
          </li>
        )}
        <li>
          {partner === undefined ? (
            <Link href="/leads">Follow the leads</Link>
          ) : (
            <Link href={withQuery("/leads", { partner })}>{`Follow the leads of ${partner}`}</Link>
          )}
        </li>
      </ul>
    </>
  );
}

function firstPartner(route: Route): string | undefined {
  if ("to" in route) return route.to;
  if ("waterfall" in route) return route.waterfall[0];
  return "split" in route ? route.split[0]?.to : undefined;
}
