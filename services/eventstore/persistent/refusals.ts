// How persistent subscriptions say no: the trailers tell clients which error it is.
import { status } from "@grpc/grpc-js";
import type { Refusal } from "../protocol/refusals.ts";
import { refusal } from "../protocol/refusals.ts";
import type { GroupName } from "./settings.ts";

function about(exception: string, { source, group }: GroupName): Record<string, string> {
  return { exception, "stream-name": source, "group-name": group };
}

export function doesNotExist(name: GroupName): Refusal {
  return refusal(
    status.NOT_FOUND,
    `Subscription group ${name.group} on stream ${name.source} does not exist.`,
    about("persistent-subscription-does-not-exist", name),
  );
}

export function alreadyExists(name: GroupName): Refusal {
  return refusal(
    status.ALREADY_EXISTS,
    `Subscription group ${name.group} on stream ${name.source} exists.`,
    about("persistent-subscription-exists", name),
  );
}

export function maximumSubscribersReached(name: GroupName): Refusal {
  return refusal(
    status.FAILED_PRECONDITION,
    `Maximum subscriptions reached for subscription group ${name.group} on stream ${name.source}.`,
    about("maximum-subscribers-reached", name),
  );
}

/** The group was changed, deleted or started anew under its consumers; those who still need it connect again. */
export function dropped(name: GroupName): Refusal {
  return refusal(
    status.CANCELLED,
    `Subscription group ${name.group} on stream ${name.source} was dropped.`,
    about("persistent-subscription-dropped", name),
  );
}

export function failed(name: GroupName, reason: string): Refusal {
  return refusal(
    status.INTERNAL,
    `Subscription group ${name.group} on stream ${name.source} failed: '${reason}'.`,
    { ...about("persistent-subscription-failed", name), reason },
  );
}
