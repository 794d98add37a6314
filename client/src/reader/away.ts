// "While you were away": remembers where the reader left. Who returns after long is told what has
// happened since, by a script that nobody else fetches.

import { recall, remember } from "./memory.ts";

const LONG = 3 * 60_000; // ms away that make somebody a returning reader
const TELLER = "/static/away.js";

/** Where a reader left off: the log's position, and when on his own clock. */
interface Leave {
  readonly position: string;
  readonly at: number;
}

/** `changes` is where the log tells what has changed, `position` where this page stands. */
export function noticeAbsence(changes: string, position: () => string): void {
  const key = `left ${changes}`;
  const leave = (): void => {
    const left: Leave = { position: position(), at: Date.now() };
    remember(key, JSON.stringify(left));
  };
  const come = async (): Promise<void> => {
    const left = leaveOf(recall(key));
    if (!left || Math.abs(Date.now() - left.at) < LONG) return;
    const { tell } = (await import(TELLER)) as typeof import("../away/main.ts");
    await tell(changes, left.position);
  };
  // Who returns without a network is told once there is one.
  const greet = (): void => void come().catch(() => addEventListener("online", greet, { once: true }));
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : greet()));
  addEventListener("pagehide", leave);
  greet();
}

function leaveOf(text: string): Leave | undefined {
  try {
    return JSON.parse(text) as Leave;
  } catch {
    return undefined; // never here, or forgotten
  }
}
