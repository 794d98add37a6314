// The one status line, for those who hear the page: what is new and what has changed, now and then.

import { counted, element } from "./words.ts";

const GATHER = 1_000; // ms: what comes together is said together
const PAUSE = 10_000; // between two sentences

export class Told {
  private readonly counts = new Map<string, number>();
  private readonly line = element("told");
  private timer: ReturnType<typeof setTimeout> | undefined;
  private sentence = "";
  private lastAt = -PAUSE;

  /** One more of what #words can count: `new` or `changed`. */
  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
    this.plan();
  }

  /** Say a sentence when its time comes; the next one takes its place, "" takes it back. */
  say(sentence: string): void {
    this.sentence = sentence;
    if (sentence) this.plan();
  }

  private plan(): void {
    const wait = Math.max(GATHER, this.lastAt + PAUSE - performance.now());
    this.timer ??= setTimeout(() => this.speak(), wait);
  }

  private speak(): void {
    const counts = [...this.counts].map(([what, count]) => counted(what, count));
    this.line.textContent = [this.sentence, ...counts].filter(Boolean).join(" · ");
    this.counts.clear();
    this.sentence = "";
    this.timer = undefined;
    this.lastAt = performance.now();
  }
}
