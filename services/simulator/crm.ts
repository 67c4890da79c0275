// Another system that has customers, page by page: some pages are slow, one is limited once, one fails twice.
import { setTimeout as delay } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import { z } from "zod";

const number = z.coerce.number().int().min(0);
const Query = z.object({
  total: number.max(1_000_000).default(50_000),
  size: number.min(1).max(10_000).default(1_000),
  page: number.default(0),
  /** Before every fifth page. */
  slow_ms: number.max(60_000).default(0),
  /** The page that is refused with 429 once. */
  limited: number.optional(),
  /** The page that fails twice. */
  fails: number.optional(),
  /** Tells one run from another. */
  run: z.string().max(100).default(""),
});

const MAX_COUNTED = 10_000;

/** GET /crm/customers: `{records, next?}`. */
export function crmRoutes(app: FastifyInstance): void {
  const asked = new Map<string, number>();

  app.get("/crm/customers", async (request, reply) => {
    const query = Query.parse(request.query);
    const { total, size, page, slow_ms, limited, fails, run } = query;
    const key = `${run} ${page}`;
    const nth = (asked.get(key) ?? 0) + 1;
    if (asked.size >= MAX_COUNTED) asked.clear();
    asked.set(key, nth);
    if (slow_ms > 0 && page % 5 === 0) await delay(slow_ms);
    if (page === limited && nth === 1)
      return reply.code(429).header("retry-after", "1").send({ error: "limited" });
    if (page === fails && nth <= 2) return reply.code(503).send({ error: "down" });
    const first = page * size;
    const records = Array.from({ length: Math.max(0, Math.min(size, total - first)) }, (_, n) =>
      customer(first + n),
    );
    const given = new URLSearchParams(request.query as Record<string, string>);
    given.set("page", `${page + 1}`);
    return { records, ...(first + size < total && { next: `/crm/customers?${given}` }) };
  });
  app.get("/crm/asked", async () => Object.fromEntries(asked));
}

const CITIES = ["Bergen", "Oslo", "Tromsø", "Stavanger"];

const customer = (n: number): object => ({
  email: `customer${n}@crm.example`,
  full_name: `Customer ${n}`,
  city: CITIES[n % CITIES.length],
});
