import { type FormEvent, useState } from "react";
import { Mark } from "../shell/mark.tsx";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { ProblemNotice } from "../ui/notice.tsx";
import { useTitle } from "../ui/title.ts";
import { useSession } from "./session.tsx";
import "./sign-in.css";

export function SignIn() {
  const { signIn } = useSession();
  const [problem, setProblem] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  useTitle("Sign in");

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
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return (
    <main className="sign-in">
      <form className="sign-in-card" onSubmit={(event) => void submit(event)}>
        <Mark />
        <h1>Sign in</h1>
        <Field label="Name" name="name" autoComplete="username" autoFocus />
        <Field label="Password" name="password" type="password" autoComplete="current-password" />
        <p className="sign-in-or">
          <span>or</span>
        </p>
        <Field
          label="Access token"
          name="token"
          type="password"
          autoComplete="off"
          hint="The start of Switchyard prints it."
        />
        {problem !== undefined && <ProblemNotice problem={problem} />}
        <Button type="submit" kind="primary" isBusy={isBusy}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
