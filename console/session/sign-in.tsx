import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useLocation, useSearch } from "wouter";
import { get, withQuery } from "../api/client.ts";
import { Mark } from "../shell/mark.tsx";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { Notice, ProblemNotice } from "../ui/notice.tsx";
import { useTitle } from "../ui/title.ts";
import { useSession, type WaysToSignIn } from "./session.tsx";
import "./sign-in.css";

export function SignIn() {
  const { signIn, hasEnded } = useSession();
  const [location, navigate] = useLocation();
  const refused = new URLSearchParams(useSearch()).get("error");
  const ways = useQuery({ queryKey: ["ways to sign in"], queryFn: () => get<WaysToSignIn>("/api/login") });
  const to = location === "/sign-in" ? "/" : location;
  const [problem, setProblem] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const card = useRef<HTMLFormElement>(null);
  useTitle("Sign in");

  // Not by autoFocus: a dialog of the page that has gone out of sight holds the focus until a moment later.
  useEffect(() => card.current?.querySelector("input")?.focus(), []);

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const value = (name: string): string => String(form.get(name) ?? "").trim();
    const token = value("token");
    setBusy(true);
    setProblem(undefined);
    try {
      await signIn(
        token === "" ? { name: value("name"), password: String(form.get("password") ?? "") } : { token },
      );
      if (to !== location) navigate(to, { replace: true });
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return (
    <main className="sign-in">
      <form ref={card} className="sign-in-card" onSubmit={(event) => void submit(event)}>
        <Mark />
        <h1>Sign in</h1>
        {hasEnded && <Notice title="Your session has ended">Sign in again to go on where you were.</Notice>}
        {refused !== null && (
          <Notice tone="bad" title="The provider did not let you in">
            {refused === "not_allowed" ? "No role here belongs to your groups there." : "Try it again."}
          </Notice>
        )}
        {ways.data?.oidc && (
          <a className="button button-plain" href={withQuery(ways.data.oidc.href, { to })}>
            Sign in with your provider
          </a>
        )}
        <Field label="Name" name="name" autoComplete="username" />
        <Field label="Password" name="password" type="password" autoComplete="current-password" />
        <p className="sign-in-or">
          <span>or</span>
        </p>
        <Field
          label="Access token"
          name="token"
          type="password"
          autoComplete="off"
          hint="For automation and emergencies; the start prints one."
        />
        {problem !== undefined && <ProblemNotice problem={problem} />}
        <Button type="submit" kind="primary" isBusy={isBusy}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
