// The numbers of the blog: asked for while they are looked at, and again when something has changed.

import { read, Unanswered } from "./api.ts";
import type { Desk } from "./desk.ts";
import { explain, say, slot } from "./dom.ts";

/** Milliseconds until it is worth asking for what is on its way, or had no answer. */
const SOON = 1000;
const WAITING = "The numbers are not there yet: they are asked for again by themselves.";

interface Shown {
  readonly html: string;
  /** Whether a newer version of the numbers is being counted. */
  readonly newer: boolean;
}

export class Numbers {
  /** Missing where the role does not reach that far. */
  private readonly place = document.getElementById("numbers") as HTMLDetailsElement | null;
  private asking = false;
  private again = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly desk: Desk) {
    this.place?.addEventListener("toggle", () => void this.refresh());
  }

  /** Ask for them if they are open; asked while they are being asked for, once more after that. */
  async refresh(): Promise<void> {
    const { place } = this;
    if (!place?.open) return;
    const message = slot(place, "message");
    this.again = true;
    if (this.asking) return;
    this.asking = true;
    try {
      while (this.again) {
        this.again = false;
        const { html, newer } = await read<Shown>(this.desk.own("/statistics"));
        slot(place, "numbers").innerHTML = html; // the server's own template, all else escaped
        if (newer) this.refreshSoon();
      }
      say(message, "");
    } catch (error) {
      if (!(error instanceof Unanswered)) return explain(message, error);
      if (message.textContent !== WAITING) say(message, WAITING, "warning"); // heard once, not every time
      this.refreshSoon();
    } finally {
      this.asking = false;
    }
  }

  private refreshSoon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.refresh(), SOON);
  }
}
