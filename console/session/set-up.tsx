// Behind a set-up link: the first admin, or whoever was invited, chooses a password. The link's secret stands in the fragment, which no
// server sees.
import { useMutation, useQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { useLocation } from "wouter";
import { call } from "../api/client.ts";
import { Mark } from "../shell/mark.tsx";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { Notice, ProblemNotice } from "../ui/notice.tsx";
import { Loading } from "../ui/page.tsx";
import { useTitle } from "../ui/title.ts";
import { type Me, useSession } from "./session.tsx";
import "./sign-in.css";

interface Link {
  readonly role: string;
  readonly name?: string;
}

export function SetUp() {
  const { welcome } = useSession();
  const [, navigate] = useLocation();
  const token = location.hash.slice(1);
  useTitle("Set up");
  const link = useQuery({
    queryKey: ["set-up link"],
    queryFn: () => call<Link>("POST", "/api/setup/check", { body: { token } }),
    retry: false,
  });
  const setUp = useMutation({
    mutationFn: (chosen: { readonly name?: string; readonly password: string }) =>
      call<Me>("POST", "/api/setup", { body: { token, ...chosen } }),
    onSuccess(me) {
      navigate("/", { replace: true });
      welcome(me);
    },
  });

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const name = String(form.get("name") ?? "").trim();
    setUp.mutate({
      password: String(form.get("password") ?? ""),
      ...(link.data?.name === undefined && { name }),
    });
  }

  return (
    <main className="sign-in">
      <form className="sign-in-card" onSubmit={submit}>
        <Mark />
        <h1>{link.data?.name === undefined ? "Welcome" : `Welcome, ${link.data.name}`}</h1>
        {link.isPending && <Loading />}
        {link.error && (
          <Notice tone="bad" title="This link can't be used">
            <p>
              It was used, or is older than a day. Ask for a new one, or look at what the newest start
              printed.
            </p>
          </Notice>
        )}
        {link.data && (
          <>
            <p className="muted">{`Choose how you sign in from now on. You come in as ${link.data.role}.`}</p>
            {link.data.name === undefined && (
              <Field label="Name" name="name" autoComplete="username" autoFocus required maxLength={64} />
            )}
            <Field
              label="Password"
              name="password"
              type="password"
              autoComplete="new-password"
              minLength={12}
              maxLength={200}
              required
              hint="At least 12 characters"
            />
            {setUp.error && <ProblemNotice problem={setUp.error} />}
            <Button type="submit" kind="primary" isBusy={setUp.isPending}>
              Set up
            </Button>
          </>
        )}
      </form>
    </main>
  );
}
