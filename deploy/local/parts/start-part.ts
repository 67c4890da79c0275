// One embedded part, where it was prepared to listen, or elsewhere when another program was quicker there.
import type { Child } from "../children/child.ts";
import type { Children } from "../children/children.ts";
import { isFree } from "../ports.ts";
import { Problem } from "../problem.ts";
import type { Part } from "./part.ts";

const MAX_TRIES = 3;

export interface StartPartOptions {
  readonly children: Pick<Children, "start">;
  /** Is given what stops the part, before it is started. */
  readonly stops: (() => Promise<void>)[];
  readonly say: (line: string) => void;
}

export async function startPart<P extends Part>(
  prepare: () => Promise<P>,
  { children, stops, say }: StartPartOptions,
): Promise<P> {
  let child: Child | undefined;
  let isStopped = false;
  const stop = async (): Promise<void> => {
    const started = child;
    child = undefined;
    await started?.stop();
  };
  stops.push(async () => {
    isStopped = true;
    await stop();
  });
  for (let tries = 1; ; tries += 1) {
    const part = await prepare();
    // Whoever stops everything has nothing of it to stop yet, and would leave it to run on.
    if (isStopped) throw new Problem(`${part.command.name} was stopped.`);
    child = children.start(part.command);
    try {
      await child.ready;
      return part;
    } catch (error) {
      // Its own process has ended, so whoever listens there is another: as a second yard that was started at the same moment.
      const wasTaken = !(await isFree(part.port));
      if (!wasTaken || child === undefined || tries === MAX_TRIES) throw error;
      say(`${part.command.name} goes elsewhere, since another program took port ${part.port} meanwhile`);
      await stop();
    }
  }
}
