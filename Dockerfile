# One image for every role: ROLES decides which of them a container runs. Node runs the TypeScript as it is; only the console is built.
#
# The root file system may be read-only. The one folder that is written to is DATA_DIR, and only where a secret is not given
# by a variable or a file: mount a volume on /data then.

FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Not `npm ci`, which refuses this lock file: it lacks optional packages of other platforms. What is left out are the tools of the
# tests, the embedded PostgreSQL, and the Node that npm would bring.
RUN npm install --no-save --omit=dev --omit=optional --ignore-scripts --no-fund --no-audit \
 && rm -rf node_modules/.bin node_modules/.package-lock.json

# The console is the one thing that is built; what builds it stays behind.
FROM node:24.21.0-bookworm-slim AS console
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.json ./
RUN npm install --no-save --include=dev --ignore-scripts --no-fund --no-audit
COPY domain domain
COPY console console
RUN node node_modules/vite/bin/vite.js build console

FROM node:24.21.0-bookworm-slim
# Nothing is installed at run time.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn* /usr/local/bin/yarn* \
 && install -d -o 1000 -g 1000 -m 0700 /data
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json ./
COPY domain domain
COPY platform platform
COPY projections projections
COPY services services
COPY --from=console /app/console/dist console/dist
COPY deploy/local deploy/local
COPY deploy/compose deploy/compose
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 DATA_DIR=/data
EXPOSE 8080
USER 1000:1000
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "deploy/compose/healthcheck.mjs"]
# As deploy/local/processes/role-process.ts starts them.
ENTRYPOINT ["node", "--disable-warning=ExperimentalWarning", "--disable-warning=DEP0123", "--max-semi-space-size=64"]
CMD ["services/main.ts"]
