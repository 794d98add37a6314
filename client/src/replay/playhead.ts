// Where a replay stands between two clocks of the server. Pure; times in milliseconds.

const AHEAD = 1_500; // so long the server may be silent before we stop guessing

export class Playhead {
  ended = false;
  private heardAt = 0;

  /** `moment` is since 1970, `speed` how many times as fast as it happened. */
  constructor(
    private moment: number,
    private running = false,
    private speed = 1,
  ) {}

  /** The moment that is shown at a time of this machine's own clock. */
  at(now: number): number {
    const passed = Math.min(Math.max(0, now - this.heardAt), AHEAD);
    return this.running ? this.moment + passed * this.speed : this.moment;
  }

  /** Go on from a moment, as of now. */
  set(moment: number, now: number): void {
    this.moment = moment;
    this.heardAt = now;
  }

  /** From where it is, run or stand; at another speed. */
  run(running: boolean, speed: number, now: number): void {
    this.set(this.at(now), now);
    this.running = running;
    this.speed = speed;
  }
}
