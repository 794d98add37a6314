// A clock that moves when told, with the timers on it.

interface Timer {
  at: number;
  readonly run: () => void;
}

export class Clock {
  private time = 0;
  private timers: Timer[] = [];

  now(): number {
    return this.time;
  }

  later(delay: number, run: () => void): () => void {
    const timer = { at: this.time + delay, run };
    this.timers.push(timer);
    return () => this.remove(timer);
  }

  /** Let time pass; what was due runs in its order. */
  pass(milliseconds: number): void {
    const until = this.time + milliseconds;
    for (;;) {
      const due = this.next();
      if (!due || due.at > until) break;
      this.remove(due);
      this.time = due.at;
      due.run();
    }
    this.time = until;
  }

  /** The machine sleeps: time goes on, timers do not. */
  sleep(milliseconds: number): void {
    this.time += milliseconds;
    for (const timer of this.timers) timer.at += milliseconds;
  }

  /** How long until the next timer is due. */
  get patience(): number {
    return (this.next()?.at ?? Infinity) - this.time;
  }

  get waitingTimers(): number {
    return this.timers.length;
  }

  private next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.timers) if (!next || timer.at < next.at) next = timer;
    return next;
  }

  private remove(timer: Timer): void {
    this.timers = this.timers.filter((other) => other !== timer);
  }
}
