// The console: screens for people, over the same API as everybody else uses.
import "@fontsource-variable/inter/wght.css";
import "./styles/tokens.css";
import "./styles/base.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Problem } from "./api/client.ts";
import { SessionProvider } from "./session/session.tsx";
import { preloadScreen } from "./shell/screens.ts";
import { Shell } from "./shell/shell.tsx";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      networkMode: "always",
      refetchOnWindowFocus: false,
      // A refusal stays one; a server that is away is tried again, and the stream says when it is back.
      retry: (failures, error) => !(error instanceof Problem) && failures < 2,
      retryDelay: 700,
      staleTime: 500,
    },
  },
});

preloadScreen(location.pathname);

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <SessionProvider>
        <Shell />
      </SessionProvider>
    </QueryClientProvider>
  </StrictMode>,
);
