// "Try it": signs here, sends like any producer, and follows what becomes of the lead.
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Link, useSearch } from "wouter";
import type { Source } from "../api/admin-shapes.ts";
import { Problem } from "../api/client.ts";
import { Button } from "../ui/button.tsx";
import { Copy } from "../ui/copy.tsx";
import { Field, Select, TextArea } from "../ui/field.tsx";
import { ProblemNotice } from "../ui/notice.tsx";
import { Card } from "../ui/page.tsx";
import { Tabs } from "../ui/tabs.tsx";
import { worded } from "../ui/words.ts";
import { askedFor, exampleOf, type Kind, kinds, paths } from "./examples.ts";
import { Followed } from "./followed.tsx";
import { signedHeaders } from "./sign.ts";
import { type Language, languages, snippet } from "./snippets.ts";

interface Accepted {
  readonly id: string;
  readonly position: string;
}

/** Not as a call of the console: a wrong signature is a 401 that has nothing to do with who is signed in. */
async function send(source: Source, secret: string, kind: Kind, body: string): Promise<Accepted> {
  try {
    JSON.parse(body);
  } catch (error) {
    throw new Error(`The body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const [id, now] = [crypto.randomUUID(), Date.now()];
  const message = { source: source.id, scheme: source.scheme, secret, id, body, now };
  const headers = await signedHeaders(message);
  const response = await fetch(paths[kind], { method: "POST", headers, body, credentials: "omit" });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, answer);
  return { id: answer.id, position: response.headers.get("x-position") ?? "" };
}

const SEND = "[type=submit]";

/** Another one each time that somebody asks to try a source. */
export interface Tried {
  readonly source: string;
}

interface Props {
  readonly sources: readonly Source[];
  readonly tried: Tried | undefined;
  /** Of secrets that were made just now, by source: nobody else can know one. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Undefined for who may not make one. */
  readonly onMakeSecret: ((source: string) => Promise<void>) | undefined;
}

export function TryIt({ sources, tried, secrets, onMakeSecret }: Props) {
  const [chosen, setChosen] = useState("");
  const asked = askedFor(new URLSearchParams(useSearch()).get("try"));
  const [kind, setKind] = useState<Kind>(asked?.kind ?? "lead");
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const [body, setBody] = useState(asked?.body ?? exampleOf("lead"));
  const form = useRef<HTMLFormElement>(null);
  const focusOn = (selector: string): void =>
    form.current?.querySelector<HTMLElement>(selector)?.focus({ preventScroll: true });
  const beginHere = (): void => {
    form.current?.scrollIntoView({ block: "center" });
    focusOn("[data-first], [type=submit]");
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: who comes from elsewhere to try something begins here, once
  useEffect(() => {
    if (asked === undefined) return;
    // After the page has put the focus where every other screen begins.
    const timer = setTimeout(beginHere);
    return () => clearTimeout(timer);
  }, []);
  const [language, setLanguage] = useState<Language>("curl");
  const source = sources.find(({ id }) => id === chosen) ?? sources[0];
  const sending = useMutation({
    mutationFn: (from: Source) => send(from, typed[from.id] ?? secrets[from.id] ?? "", kind, body),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: each time that a source is asked for
  useEffect(() => {
    if (tried === undefined) return;
    setChosen(tried.source);
    sending.reset();
    beginHere();
  }, [tried]);
  const making = useMutation({ mutationFn: async (id: string) => onMakeSecret?.(id) });
  if (source === undefined) return null;
  const secret = typed[source.id] ?? secrets[source.id] ?? "";
  const told = { origin: location.origin, source: source.id, scheme: source.scheme, kind, body };

  return (
    <Card title="Try it">
      <div className="try">
        <form
          ref={form}
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            sending.mutate(source);
          }}
        >
          <div className="filters">
            <Select
              label="Source"
              value={source.id}
              onChange={({ target }) => {
                setChosen(target.value);
                sending.reset();
              }}
            >
              {sources.map(({ id }) => (
                <option key={id}>{id}</option>
              ))}
            </Select>
            <Select
              label="Kind"
              value={kind}
              onChange={({ target }) => {
                setKind(target.value as Kind);
                setBody(exampleOf(target.value as Kind));
              }}
            >
              {kinds.map((one) => (
                <option key={one} value={one}>
                  {worded(one)}
                </option>
              ))}
            </Select>
          </div>
          <Field
            label="Secret"
            type="password"
            autoComplete="off"
            required
            value={secret}
            placeholder="whsec_…"
            hint="It signs in this page and goes nowhere. Nobody can read one again: a new one fills it in, and older ones stay valid."
            data-first={onMakeSecret === undefined ? true : undefined}
            onChange={({ target }) => setTyped({ ...typed, [source.id]: target.value })}
          />
          {onMakeSecret !== undefined && secret === "" && (
            <div className="buttons">
              <Button
                size="small"
                data-first
                isBusy={making.isPending}
                onClick={() => making.mutate(source.id, { onSuccess: () => focusOn(SEND) })}
              >
                Make a secret to try it with
              </Button>
            </div>
          )}
          {onMakeSecret === undefined && (
            <p className="muted small">
              {"A developer or an admin makes secrets. Without one, "}
              <Link href="/rules?tab=tree">the tree of the rules shows which way a submission takes</Link>.
            </p>
          )}
          {making.error && <ProblemNotice problem={making.error} />}
          <TextArea
            label="Body"
            rows={9}
            spellCheck={false}
            value={body}
            onChange={({ target }) => setBody(target.value)}
          />
          {sending.error && <ProblemNotice problem={sending.error} />}
          <div className="buttons">
            <Button type="submit" kind="primary" isBusy={sending.isPending}>
              Send
            </Button>
          </div>
        </form>
        <div className="stack">
          {sending.data && (
            <Followed key={sending.data.id} id={sending.data.id} after={sending.data.position} />
          )}
          <Tabs
            label="The same in a program"
            selected={language}
            onSelect={setLanguage}
            tabs={(Object.keys(languages) as Language[]).map((key) => ({
              key,
              name: languages[key],
              panel: <Snippet code={snippet(key, told)} />,
            }))}
          />
        </div>
      </div>
    </Card>
  );
}

function Snippet({ code }: { readonly code: string }) {
  return (
    <div className="snippet">
      <Copy text={code} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre tabIndex={0}>{code}</pre>
    </div>
  );
}
