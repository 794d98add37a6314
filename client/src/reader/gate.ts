// "Pause live updates": holds back what comes in this blog until the reader wants it, and says so
// above the page. What was withdrawn goes all the same.

import type { ReaderMessage } from "../messages.ts";
import { recall, remember } from "./memory.ts";
import { counted, element } from "./words.ts";

export class Gate {
  private readonly button = element("pause") as HTMLButtonElement;
  private readonly resume = element("resume");
  private readonly held = new Map<string, ReaderMessage>();
  private readonly key: string;
  private paused: boolean;
  /** Where the page stood before the first that is held. */
  private shown: string | undefined;

  /** `take` is who gets what passes, `count` is told how many do not. */
  constructor(
    home: string,
    private readonly take: (message: ReaderMessage) => void,
    private readonly count: (held: number) => void,
  ) {
    this.key = `paused ${home}`;
    this.paused = recall(this.key) !== "";
    this.button.disabled = false;
    this.button.addEventListener("click", () => this.turn(!this.paused));
    this.resume.addEventListener("click", () => {
      this.turn(false);
      this.button.focus({ preventScroll: true });
    });
    this.show();
  }

  /** Let a message through, or hold it back; `position` is where the page stands before it. */
  pass(message: ReaderMessage, position: string): void {
    if ("id" in message) this.held.delete(message.id);
    if (message.type === "snapshot") this.held.clear();
    if ("status" in message) this.button.hidden = message.status === "ended";
    if (this.paused && message.type === "post") {
      this.shown ??= position;
      this.held.set(message.id, message);
    } else this.take(message);
    this.show();
  }

  /** Up to where the reader was shown the log, of which the page knows all up to `position`. */
  seen(position: string): string {
    return this.shown ?? position;
  }

  private turn(paused: boolean): void {
    this.paused = paused;
    remember(this.key, paused ? "yes" : "");
    const held = [...this.held.values()];
    this.held.clear();
    for (const message of held) this.take(message);
    this.show();
  }

  private show(): void {
    const { size } = this.held;
    if (size === 0) this.shown = undefined;
    // Where nothing comes any more there is nothing to wait for.
    if (this.paused && size === 0 && this.button.hidden) return this.turn(false);
    this.button.setAttribute("aria-pressed", String(this.paused));
    this.resume.hidden = element("held").hidden = !this.paused;
    (this.resume.lastElementChild as HTMLElement).textContent = size > 0 ? `${counted("held", size)} ·` : "";
    this.count(size);
  }
}
