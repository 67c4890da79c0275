// Around every screen: the navigation, who is signed in, and whether the server is away.
import { Activity, Suspense, useEffect, useRef, useState } from "react";
import { Link, Redirect, Route, Switch, useLocation } from "wouter";
import { LiveProvider, useServerAway } from "../live/live.tsx";
import { PersonalData } from "../session/personal-data.tsx";
import { identityOf, useSession } from "../session/session.tsx";
import { SetUp } from "../session/set-up.tsx";
import { SignIn } from "../session/sign-in.tsx";
import { Button } from "../ui/button.tsx";
import { Loading } from "../ui/page.tsx";
import { Broken } from "./broken.tsx";
import { Mark } from "./mark.tsx";
import { NotFound } from "./not-found.tsx";
import { details, preloadScreen, screens } from "./screens.ts";
import "./shell.css";

export function Shell() {
  const { me, hasEnded } = useSession();
  const [location] = useLocation();
  if (location === "/set-up") return <SetUp />;
  if (me === undefined) return <Loading />;
  if (me === null) return <SignIn />;
  return (
    <>
      {hasEnded && <SignIn />}
      <Activity key={identityOf(me)} mode={hasEnded ? "hidden" : "visible"}>
        <LiveProvider>
          <div className="shell">
            <a className="skip" href="#content">
              Skip to the content
            </a>
            <Sidebar />
            <div className="shell-main">
              <Away />
              <Content />
            </div>
          </div>
        </LiveProvider>
      </Activity>
    </>
  );
}

function Content() {
  const [location] = useLocation();
  const main = useRef<HTMLElement>(null);
  const shown = useRef(location);
  useEffect(() => {
    // Also after somebody has signed in again, who goes on where they were.
    if (shown.current === location) return;
    shown.current = location;
    main.current?.focus();
    window.scrollTo(0, 0);
  }, [location]);
  return (
    <main id="content" ref={main} tabIndex={-1} className="content">
      <Broken key={location}>
        <Suspense fallback={<Loading />}>
          <Switch>
            {[...screens, ...details].map(({ path, component }) => (
              <Route key={path} path={path} component={component} />
            ))}
            <Route path="/sign-in">
              <Redirect to="/" replace />
            </Route>
            <Route>
              <NotFound />
            </Route>
          </Switch>
        </Suspense>
      </Broken>
    </main>
  );
}

function Sidebar() {
  const { me, may, signOut } = useSession();
  const [location] = useLocation();
  const [isOpen, setOpen] = useState(false);
  const isHere = (path: string): boolean => (path === "/" ? location === "/" : location.startsWith(path));
  const shown = screens.filter(({ needs }) => needs === undefined || needs.some(may));
  return (
    <header className="sidebar" data-open={isOpen || undefined}>
      <div className="sidebar-top">
        <Link href="/" className="sidebar-mark" aria-label="Switchyard, overview">
          <Mark />
        </Link>
        <Button
          className="menu-button"
          aria-expanded={isOpen}
          aria-controls="navigation"
          onClick={() => setOpen(!isOpen)}
        >
          Menu
        </Button>
      </div>
      <div id="navigation" className="sidebar-body">
        <nav aria-label="Screens">
          <ul>
            {shown.map(({ path, name }) => (
              <li key={path}>
                <Link
                  href={path}
                  className="sidebar-link"
                  aria-current={isHere(path) ? "page" : undefined}
                  onPointerEnter={() => preloadScreen(path)}
                  onClick={() => setOpen(false)}
                >
                  {name}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div className="sidebar-who">
          <div>
            <strong className="break">{me?.name}</strong>
            {me?.name !== me?.role && <span className="muted small"> {me?.role}</span>}
          </div>
          <PersonalData />
          <Button size="small" onClick={() => void signOut()}>
            Sign out
          </Button>
        </div>
      </div>
    </header>
  );
}

function Away() {
  const isAway = useServerAway();
  return (
    <div role="status" aria-live="polite" className="shell-status">
      {isAway && (
        <p className="away">
          <strong>The server is away.</strong> What you see may be old. The page goes on by itself when it is
          back.
        </p>
      )}
    </div>
  );
}
