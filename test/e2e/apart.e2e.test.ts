import { pathOfASubmission } from "./path.ts";

// The sentences stand in path.ts, which calls test.run() for this layout.
pathOfASubmission("apart");
