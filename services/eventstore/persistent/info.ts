// What GetInfo and List show of a group and its connections.
import pb from "@eventstore/db-client/generated/persistent_pb.js";
import type { Consumer } from "./consumer.ts";
import type { Connection, RunningGroup } from "./running-group.ts";
import { placeText, startText } from "./settings.ts";

/** How many deliveries had been counted when somebody last asked. */
const measured = new WeakMap<RunningGroup | Consumer, number>();

interface Throughput {
  readonly total: string;
  readonly sinceMeasured: string;
  readonly perSecond: number;
}

export function describe(group: RunningGroup, now: number): pb.SubscriptionInfo {
  const { source, group: name, settings, startFrom } = group.definition;
  const { consumers, counts } = group.state;
  const throughput = measure(group, counts.delivered, now - group.startedAt);
  const { checkpoint, lastKnown } = group;

  const info = new pb.SubscriptionInfo();
  info.setEventSource(source);
  info.setGroupName(name);
  info.setStatus(statusOf(group));
  info.setStartFrom(startText(source, startFrom));
  info.setConnectionsList(
    consumers.flatMap((consumer) => {
      const connection = group.connection(consumer.id);
      return connection ? [describeConnection(consumer, connection, now)] : [];
    }),
  );

  info.setAveragePerSecond(throughput.perSecond);
  info.setTotalItems(throughput.total);
  info.setCountSinceLastMeasurement(throughput.sinceMeasured);
  info.setLastCheckpointedEventPosition(checkpoint === undefined ? "" : placeText(source, checkpoint));
  info.setLastKnownEventPosition(lastKnown < 0n ? "" : placeText(source, lastKnown));
  info.setReadBufferCount(counts.caughtUp ? 0 : counts.fresh);
  info.setLiveBufferCount(`${counts.caughtUp ? counts.fresh : 0}`);
  info.setRetryBufferCount(counts.retrying);
  info.setTotalInFlightMessages(counts.inFlight);
  info.setOutstandingMessagesCount(counts.outstanding);
  info.setParkedMessageCount(group.parkedCount.toString());

  info.setResolveLinkTos(settings.resolveLinks);
  info.setExtraStatistics(settings.extraStatistics);
  info.setMessageTimeoutMilliseconds(settings.messageTimeoutMs);
  info.setMaxRetryCount(settings.maxRetryCount);
  info.setCheckPointAfterMilliseconds(settings.checkpointAfterMs);
  info.setMinCheckPointCount(settings.minCheckpointCount);
  info.setMaxCheckPointCount(settings.maxCheckpointCount);
  info.setMaxSubscriberCount(settings.maxSubscriberCount);
  info.setLiveBufferSize(settings.liveBufferSize);
  info.setBufferSize(settings.historyBufferSize);
  info.setReadBatchSize(settings.readBatchSize);
  info.setNamedConsumerStrategy(settings.strategy);
  return info;
}

function describeConnection(
  consumer: Consumer,
  connection: Connection,
  now: number,
): pb.SubscriptionInfo.ConnectionInfo {
  const throughput = measure(consumer, consumer.delivered, now - connection.since);
  const info = new pb.SubscriptionInfo.ConnectionInfo();
  info.setFrom(connection.from);
  info.setUsername(connection.username);
  info.setConnectionName(connection.name);
  info.setAverageItemsPerSecond(throughput.perSecond);
  info.setTotalItems(throughput.total);
  info.setCountSinceLastMeasurement(throughput.sinceMeasured);
  info.setAvailableSlots(consumer.slots - consumer.held);
  info.setInFlightMessages(consumer.held);
  info.setObservedMeasurementsList(
    (consumer.latencies?.measurements() ?? []).map(([key, ms]) => {
      const measurement = new pb.SubscriptionInfo.Measurement();
      measurement.setKey(key);
      measurement.setValue(`${Math.round(ms)}`);
      return measurement;
    }),
  );
  return info;
}

function statusOf(group: RunningGroup): string {
  const place = group.state.counts.caughtUp ? "Live" : "Behind";
  return group.replaying ? `${place}, ReplayingParkedMessages` : place;
}

function measure(owner: RunningGroup | Consumer, total: number, elapsedMs: number): Throughput {
  const before = measured.get(owner) ?? 0;
  measured.set(owner, total);
  return {
    total: `${total}`,
    sinceMeasured: `${total - before}`,
    perSecond: Math.round((total * 1_000) / Math.max(elapsedMs, 1_000)),
  };
}
