// Builds the console into console/dist, which the gateway serves. Nothing in it may be fetched from elsewhere or stand inline in the page:
// the security policy is `default-src 'self'`.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const COMPRESSED = /\.(js|css|html|svg)$/;

/** Compressed once here, so that no request waits for it. */
function compress(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !COMPRESSED.test(path)) continue;
    const text = readFileSync(path);
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: 9,
      [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
    };
    writeFileSync(`${path}.br`, brotliCompressSync(text, { params }));
  }
}

const compressed: Plugin = {
  name: "compressed",
  apply: "build",
  writeBundle: ({ dir }) => {
    if (dir !== undefined) compress(dir);
  },
};

export default defineConfig({
  root: import.meta.dirname,
  plugins: [compressed],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        // What most screens show comes as one file instead of one for each badge; tabs and dialogs bring React Aria, which the first screen does without.
        codeSplitting: {
          groups: [
            { name: "shared", test: /\/console\/(api|ui)\/(?!tabs|dialog|shown-once)/, minShareCount: 2 },
          ],
        },
      },
      onLog(level, log, handle) {
        // React Query says in each of its files that it is for clients; here everything is.
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") handle(level, log);
      },
    },
  },
  // For `npm run console`: the pages from here with changes at once, the API from a running system.
  server: { proxy: { "/api": process.env.YARD_URL ?? "http://127.0.0.1:8080" } },
});
