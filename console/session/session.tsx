// Who is signed in, and what they may do. The server keeps the session in a cookie that no script can read.
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from "react";
import type { PermissionName } from "../../services/gateway/access/permissions.ts";
import { call, get, listen, showPersonalData } from "../api/client.ts";

/** What a person may do, as GET /api/me names it; docs/permissions.md says what each allows. */
export type Permission = PermissionName;

export interface Me {
  readonly name: string;
  readonly kind: "user" | "token" | "admin";
  readonly role: string;
  readonly permissions: readonly Permission[];
  readonly personal_data: "shown" | "on_request" | "masked";
}

export type Credentials = { readonly name: string; readonly password: string } | { readonly token: string };

interface Session {
  /** Undefined while it is asked for, null where nobody is signed in. Whose session has ended by itself stays until another signs in. */
  readonly me: Me | null | undefined;
  /** Whether there was a session, which has ended by itself. */
  readonly hasEnded: boolean;
  readonly unmaskedBecause: string | undefined;
  signIn(credentials: Credentials): Promise<void>;
  /** By whatever way it was that the server has just let them in. */
  welcome(me: Me): void;
  signOut(): Promise<void>;
  may(permission: Permission): boolean;
  unmask(reason: string | undefined): void;
}

const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = use(SessionContext);
  if (session === undefined) throw new Error("There is no session around this");
  return session;
}

export interface WaysToSignIn {
  readonly oidc?: { readonly href: string };
  readonly me?: Me;
}

/** Refuses nobody who is not signed in yet. The page asks for it before its scripts are there: see index.html. */
const whoAmI = async (): Promise<Me | null> => (await get<WaysToSignIn>("/api/login")).me ?? null;

const RETRY_MS = 1_000;

/** Tells the other tabs that somebody signed in or out: all share the cookie. */
const sessions = new BroadcastChannel("session");

export const identityOf = ({ kind, name, role }: Me): string => `${kind} ${name} ${role}`;
const isSame = (a: Me | null | undefined, b: Me | null): boolean =>
  a === b || (!!a && !!b && identityOf(a) === identityOf(b));

export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const [me, setMe] = useState<Me | null>();
  const [hasEnded, setEnded] = useState(false);
  const [unmaskedBecause, setUnmasked] = useState<string>();
  const queries = useQueryClient();

  useEffect(() => {
    listen({
      unauthorized: () => setEnded(true),
    });
    let isWanted = true;
    const ask = (): void => {
      whoAmI().then(
        (found) => isWanted && setMe(found),
        () => isWanted && setTimeout(ask, RETRY_MS),
      );
    };
    ask();
    return () => {
      isWanted = false;
    };
  }, []);

  const unmask = useCallback((reason: string | undefined): void => {
    showPersonalData(reason);
    setUnmasked(reason);
  }, []);

  const change = useCallback(
    (found: Me | null, ended: boolean): void => {
      // Who comes back finds their page as it was, with what they were writing; nobody sees what another had before them.
      if (found !== null && isSame(me, found)) void queries.invalidateQueries();
      else queries.clear();
      unmask(undefined);
      setEnded(ended);
      setMe(found);
    },
    [me, queries, unmask],
  );

  useEffect(() => {
    const look = async (): Promise<void> => {
      const found = await whoAmI().catch(() => undefined);
      if (found === undefined || (isSame(me, found) && !hasEnded)) return;
      change(found, found === null);
    };
    const onChange = (): void => void look();
    sessions.addEventListener("message", onChange);
    return () => sessions.removeEventListener("message", onChange);
  }, [me, hasEnded, change]);

  const session = useMemo<Session>(() => {
    const begin = (found: Me | null): void => {
      change(found, false);
      sessions.postMessage("changed");
    };
    return {
      me,
      hasEnded,
      unmaskedBecause,
      unmask(reason) {
        unmask(reason);
        void queries.invalidateQueries();
      },
      signIn: async (credentials) => begin(await call<Me>("POST", "/api/login", { body: credentials })),
      welcome: begin,
      async signOut() {
        await call("POST", "/api/logout");
        begin(null);
      },
      may: (permission) => me?.permissions.includes(permission) ?? false,
    };
  }, [me, hasEnded, unmaskedBecause, queries, change, unmask]);
  return <SessionContext value={session}>{children}</SessionContext>;
}
