// k6/timers.
export { setTimeout } from "node:timers";
