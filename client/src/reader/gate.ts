// "Pause live updates": holds back what comes until the reader wants it. What was withdrawn goes
// all the same.

import type { ReaderMessage } from "../messages.ts";
import { recall, remember } from "./memory.ts";
import { counted, element } from "./words.ts";

const KEY = "paused";

export class Gate {
  private readonly button = element("pause");
  private readonly label = this.button.textContent ?? "";
  private readonly held = new Map<string, ReaderMessage>();
  private paused = recall(KEY) === "yes";

  constructor(private readonly take: (message: ReaderMessage) => void) {
    this.button.hidden = false;
    this.button.addEventListener("click", () => this.turn());
    this.show();
  }

  /** Let a message through, or hold it back. */
  pass(message: ReaderMessage): void {
    if ("id" in message) this.held.delete(message.id);
    if (message.type === "snapshot") this.held.clear();
    if (this.paused && message.type === "post") this.held.set(message.id, message);
    else this.take(message);
    this.show();
  }

  private turn(): void {
    this.paused = !this.paused;
    remember(KEY, this.paused ? "yes" : "");
    if (!this.paused) for (const message of this.held.values()) this.take(message);
    if (!this.paused) this.held.clear();
    this.show();
  }

  private show(): void {
    this.button.setAttribute("aria-pressed", String(this.paused));
    const { size } = this.held;
    this.button.textContent = size > 0 ? `${this.label} · ${counted("held", size)}` : this.label;
  }
}
