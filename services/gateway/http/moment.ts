// A time in a query.
import { z } from "zod";

/** A day is its first moment, in UTC. */
export const moment = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], "must be a date, or a time with its zone")
  .transform((text) => new Date(text));
