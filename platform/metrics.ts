// Every metric of the contract, by name and type, so that no role can misspell one.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { watchEventLoop } from "./event-loop-lag.ts";

export interface Metrics {
  readonly registry: Registry;
  readonly submissionsTotal: Counter<"source" | "kind" | "outcome">;
  readonly ackSeconds: Histogram;
  readonly stageSeconds: Histogram<"stage">;
  readonly endToEndSeconds: Histogram;
  readonly deliveriesTotal: Counter<"partner" | "outcome">;
  readonly deliverySeconds: Histogram<"partner">;
  readonly retriesTotal: Counter<"stage">;
  /** 0 closed, 1 half-open, 2 open. */
  readonly circuitState: Gauge<"partner">;
  /** 1 where a partner can't be delivered to as it is configured. */
  readonly partnerUnusable: Gauge<"partner">;
  readonly queueDepth: Gauge<"queue">;
  readonly deadLetters: Gauge<"stage" | "partner">;
  readonly duplicatesTotal: Counter<"partner">;
  readonly eventsPassedOver: Counter<"view">;
  /** 1 where somebody in a campaign should go on now. */
  readonly campaignHasWork: Gauge<"campaign">;
  readonly campaignMovesTotal: Counter<"campaign">;
  readonly relayLagEvents: Gauge;
  readonly projectionLagEvents: Gauge<"projection">;
  /** Of a queue's messages those that were delivered before and are not acknowledged. */
  readonly queueRedelivered: Gauge<"queue">;
  readonly eventStoreSeconds: Histogram<"operation">;
  readonly databaseSeconds: Histogram<"operation">;
  readonly databaseConnections: Gauge<"state">;
  /** Of this process's roles; the gateway shows those of all processes instead. */
  readonly workerUp: Gauge<"role">;
  readonly workerRestartsTotal: Counter<"role">;
}

/** From half a millisecond to five seconds, dense around the promise of 50 and 150 ms. */
const ACK_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5,
];
/** From a millisecond to ten minutes: a stage may wait for a partner that is down. */
const STAGE_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600,
];
/** From a tenth of a millisecond to half a minute, which is how long a statement or an append may take. */
const CLIENT_BUCKETS = [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];

/** What the gateway shows of a figure that several processes have: one of them knows it, and while it changes hands the higher counts. */
const aggregator = "max";

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const name = (suffix: string): string => `switchyard_${suffix}`;
  const eventLoop = watchEventLoop();
  new Gauge({
    name: name("event_loop_lag_seconds"),
    help: "How late the event loop was at most in the last 15 to 30 seconds; of several processes the latest",
    aggregator,
    registers,
    collect() {
      this.set(eventLoop.lagSeconds());
    },
  });
  return {
    registry,
    submissionsTotal: new Counter({
      name: name("submissions_total"),
      help: "Submissions by source, kind and the answer they got",
      labelNames: ["source", "kind", "outcome"],
      registers,
    }),
    ackSeconds: new Histogram({
      name: name("ack_seconds"),
      help: "Time from a submission's arrival to its answer",
      buckets: ACK_BUCKETS,
      registers,
    }),
    stageSeconds: new Histogram({
      name: name("stage_seconds"),
      help: "Time a submission spent in a stage",
      labelNames: ["stage"],
      buckets: STAGE_BUCKETS,
      registers,
    }),
    endToEndSeconds: new Histogram({
      name: name("end_to_end_seconds"),
      help: "Time from a submission's arrival to its end",
      buckets: STAGE_BUCKETS,
      registers,
    }),
    deliveriesTotal: new Counter({
      name: name("deliveries_total"),
      help: "Deliveries by partner and outcome",
      labelNames: ["partner", "outcome"],
      registers,
    }),
    deliverySeconds: new Histogram({
      name: name("delivery_seconds"),
      help: "Time a partner took to answer one attempt",
      labelNames: ["partner"],
      buckets: STAGE_BUCKETS,
      registers,
    }),
    retriesTotal: new Counter({
      name: name("retries_total"),
      help: "Attempts after the first, by stage",
      labelNames: ["stage"],
      registers,
    }),
    circuitState: new Gauge({
      name: name("circuit_state"),
      help: "A partner's circuit: 0 closed, 1 half-open, 2 open",
      labelNames: ["partner"],
      aggregator,
      registers,
    }),
    partnerUnusable: new Gauge({
      name: name("partner_unusable"),
      help: "1 where a partner can't be delivered to as it is configured",
      labelNames: ["partner"],
      aggregator,
      registers,
    }),
    queueDepth: new Gauge({
      name: name("queue_depth"),
      help: "Messages waiting in a queue",
      labelNames: ["queue"],
      aggregator,
      registers,
    }),
    deadLetters: new Gauge({
      name: name("dead_letters"),
      help: "Dead letters waiting for someone to decide",
      labelNames: ["stage", "partner"],
      aggregator,
      registers,
    }),
    duplicatesTotal: new Counter({
      name: name("duplicates_total"),
      help: "Submissions that a partner's dedupe key had seen before",
      labelNames: ["partner"],
      registers,
    }),
    eventsPassedOver: new Counter({
      name: name("events_passed_over_total"),
      help: "Events of what was configured that can't be read, by the view that passed over them",
      labelNames: ["view"],
      registers,
    }),
    campaignHasWork: new Gauge({
      name: name("campaign_has_work"),
      help: "1 where members of a campaign are at work or could be; 0 where nobody is, while it is paused, in its quiet hours, and while all waits for partners to open",
      labelNames: ["campaign"],
      aggregator,
      registers,
    }),
    campaignMovesTotal: new Counter({
      name: name("campaign_moves_total"),
      help: "Steps that members of a campaign have come to, and failures",
      labelNames: ["campaign"],
      registers,
    }),
    relayLagEvents: new Gauge({
      name: name("relay_lag_events"),
      help: "Events that the relay has yet to publish",
      aggregator,
      registers,
    }),
    projectionLagEvents: new Gauge({
      name: name("projection_lag_events"),
      help: "Events that a projection has yet to apply",
      labelNames: ["projection"],
      aggregator,
      registers,
    }),
    queueRedelivered: new Gauge({
      name: name("queue_redelivered"),
      help: "Messages of a queue that were delivered before and are not acknowledged",
      labelNames: ["queue"],
      aggregator,
      registers,
    }),
    eventStoreSeconds: new Histogram({
      name: name("eventstore_seconds"),
      help: "Time the event store took, as its client sees it, retries included: append, read",
      labelNames: ["operation"],
      buckets: CLIENT_BUCKETS,
      registers,
    }),
    databaseSeconds: new Histogram({
      name: name("database_seconds"),
      help: "Time PostgreSQL took, as its client sees it, the wait for a connection included: statement, transaction",
      labelNames: ["operation"],
      buckets: CLIENT_BUCKETS,
      registers,
    }),
    databaseConnections: new Gauge({
      name: name("database_connections"),
      help: "Connections to PostgreSQL that are busy or idle, and callers that wait for one",
      labelNames: ["state"],
      registers,
    }),
    workerUp: new Gauge({
      name: name("worker_up"),
      help: "1 where a process runs the role, 0 where none does",
      labelNames: ["role"],
      aggregator,
      registers,
    }),
    workerRestartsTotal: new Counter({
      name: name("worker_restarts_total"),
      help: "How often processes with the role died and were started again",
      labelNames: ["role"],
      registers,
    }),
  };
}
