// Who is signed in, and what they may do. The server keeps the session in a cookie that no script can read.
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, use, useEffect, useMemo, useState } from "react";
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
  /** Undefined while it is asked for, null where nobody is signed in. */
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

export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const [me, setMe] = useState<Me | null>();
  const [hasEnded, setEnded] = useState(false);
  const [unmaskedBecause, setUnmasked] = useState<string>();
  const queries = useQueryClient();

  useEffect(() => {
    listen({
      unauthorized() {
        setEnded(true);
        setMe(null);
      },
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

  const session = useMemo<Session>(() => {
    const unmask = (reason: string | undefined): void => {
      showPersonalData(reason);
      setUnmasked(reason);
    };
    const begin = (found: Me | null): void => {
      queries.clear();
      unmask(undefined);
      setEnded(false);
      setMe(found);
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
  }, [me, hasEnded, unmaskedBecause, queries]);
  return <SessionContext value={session}>{children}</SessionContext>;
}
