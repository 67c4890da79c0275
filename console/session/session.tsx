// Who is signed in, and what they may do. The server keeps the session in a cookie that no script can read.
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, use, useEffect, useMemo, useState } from "react";
import { call, get, listen, Problem, sendBearer } from "../api/client.ts";
import type { Permission } from "./permissions.ts";

export interface Me {
  readonly name: string;
  readonly role: string;
  /** What the role allows; undefined where the server does not say, which is then everything. */
  readonly permissions?: readonly Permission[];
  readonly personal_data?: "shown" | "on_request" | "masked";
}

export type Credentials = { readonly name: string; readonly password: string } | { readonly token: string };

interface Session {
  /** Undefined while it is asked for, null where nobody is signed in. */
  readonly me: Me | null | undefined;
  signIn(credentials: Credentials): Promise<void>;
  signOut(): Promise<void>;
  may(permission: Permission): boolean;
}

const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = use(SessionContext);
  if (session === undefined) throw new Error("There is no session around this");
  return session;
}

const isMissing = (error: unknown): boolean => error instanceof Problem && error.status === 404;

async function whoAmI(): Promise<Me | null> {
  try {
    return await get<Me>("/api/me");
  } catch (error) {
    if (error instanceof Problem) return null;
    throw error;
  }
}

/** A server without sessions takes the token with each call; it stays in memory. */
async function signInByToken(token: string): Promise<Me> {
  sendBearer(token);
  try {
    await get("/api/workers");
  } catch (error) {
    sendBearer(undefined);
    throw error;
  }
  return { name: "admin", role: "admin" };
}

export function SessionProvider({ children }: { readonly children: ReactNode }) {
  const [me, setMe] = useState<Me | null>();
  const queries = useQueryClient();

  useEffect(() => {
    listen({ unauthorized: () => setMe(null) });
    let isWanted = true;
    const ask = (): void => {
      whoAmI().then(
        (found) => isWanted && setMe(found),
        () => isWanted && setTimeout(ask, 1_000),
      );
    };
    ask();
    return () => {
      isWanted = false;
    };
  }, []);

  const session = useMemo<Session>(
    () => ({
      me,
      async signIn(credentials) {
        try {
          await call("POST", "/api/login", { body: credentials });
        } catch (error) {
          if (!isMissing(error) || !("token" in credentials)) throw error;
          setMe(await signInByToken(credentials.token));
          return;
        }
        setMe(await get<Me>("/api/me"));
      },
      async signOut() {
        await call("POST", "/api/logout").catch(() => undefined);
        sendBearer(undefined);
        queries.clear();
        setMe(null);
      },
      may: (permission) => me?.permissions === undefined || me.permissions.includes(permission),
    }),
    [me, queries],
  );
  return <SessionContext value={session}>{children}</SessionContext>;
}
