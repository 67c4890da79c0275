// What makes each alert fire in a real yard. The runbook's pages tell the same for people.
import type { Cause } from "./cause.ts";
import { deadLetters, openCircuit, stuckQueue, unusablePartner } from "./partners.ts";
import {
  away,
  frozen,
  frozenForAMoment,
  killedAgainAndAgain,
  slowAnswers,
  unavailable,
  withoutNats,
} from "./processes.ts";
import { busyDatabase, fullDisk, lags } from "./stores.ts";

/** One group after the other; those of a group side by side. */
export const CAUSES: readonly (readonly Cause[])[] = [
  [openCircuit, unusablePartner, deadLetters],
  [fullDisk],
  [stuckQueue, frozenForAMoment],
  [busyDatabase],
  [slowAnswers],
  [unavailable],
  [killedAgainAndAgain],
  [frozen],
  [away],
  [withoutNats],
  [lags],
];
