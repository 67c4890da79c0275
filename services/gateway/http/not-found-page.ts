// What a person reads who opens an address that does not exist; programs get the problem document.
import { createHash } from "node:crypto";
import { POLICY } from "./security-headers.ts";

const STYLE = `
:root{color-scheme:light dark;--page:#f5f6f8;--surface:#fff;--line:#dde1e7;--text:#161b22;--muted:#566070;--accent:#1d5fd1;--on-accent:#fff}
@media (prefers-color-scheme:dark){:root{--page:#0f1318;--surface:#171c23;--line:#2b333e;--text:#e7ebf1;--muted:#a3adbb;--accent:#8ab4ff;--on-accent:#0b1a33}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--page);color:var(--text);font:16px/1.5 system-ui,"Segoe UI",sans-serif}
main{width:100%;max-width:480px;padding:32px;background:var(--surface);border:1px solid var(--line);border-radius:8px}
.code{margin:0;color:var(--muted);font-size:14px;font-weight:600}
h1{margin:4px 0 12px;font-size:24px;line-height:1.25;letter-spacing:-.01em}
p{margin:0 0 24px;color:var(--muted)}
ul{display:flex;flex-wrap:wrap;gap:12px 20px;align-items:center;margin:0;padding:0;list-style:none}
a{color:var(--accent)}
a:focus-visible{outline:2px solid var(--accent);outline-offset:3px}
.main-link{display:inline-block;padding:8px 16px;border-radius:6px;background:var(--accent);color:var(--on-accent);font-weight:600;text-decoration:none}
`;

export const NOT_FOUND_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Not found · Switchyard</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="code">404</p>
<h1>There is nothing at this address</h1>
<p>The address may be mistyped, or what was here has moved.</p>
<ul>
<li><a class="main-link" href="/">Go to the overview</a></li>
<li><a href="/docs">Paths of the API</a></li>
</ul>
</main>
</body>
</html>
`;

const hash = createHash("sha256").update(STYLE).digest("base64");
export const NOT_FOUND_POLICY = `${POLICY}; style-src 'sha256-${hash}'`;

/** A browser that navigates asks for HTML by name; a program that takes JSON as well is no browser. */
export const wantsPage = (method: string, accept: string | undefined): boolean =>
  (method === "GET" || method === "HEAD") &&
  accept !== undefined &&
  /\btext\/html\b/i.test(accept) &&
  !/\bjson\b/i.test(accept);
