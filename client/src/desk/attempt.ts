// One wish, carried out once however often it is sent: its key is kept until it is answered.

import { newKey, Refusal, send, Unanswered, type Wish } from "./api.ts";

/** A wish that was sent and not answered; `doubtful` if it may have happened all the same. */
export interface Pending {
  readonly key: string;
  readonly wish: Wish;
  readonly doubtful: boolean;
}

/** Refusals that say nothing of the wish itself: the same may be asked again. */
const LATER: ReadonlySet<number> = new Set([401, 429]);

export class Attempt {
  constructor(
    public pending: Pending | undefined = undefined,
    private readonly send_: typeof send = send,
  ) {}

  /**
   * Carry out a wish. One that is in doubt is settled first, unless it is this very one.
   * Throws `Refusal`, `Unanswered`.
   */
  async send<T>(wish: Wish): Promise<T> {
    const before = this.pending;
    if (before?.doubtful && !same(before.wish, wish)) await this.again();
    const { key, doubtful } = this.pending ?? { key: newKey(), doubtful: false };
    this.pending = { key, wish, doubtful };
    return this.again();
  }

  /** Send what is pending, as it was. */
  async again<T>(): Promise<T> {
    const pending = this.pending;
    if (!pending) throw new Error("nothing is pending");
    try {
      const answer = await this.send_<T>(pending.wish, pending.key);
      this.pending = undefined;
      return answer;
    } catch (error) {
      if (error instanceof Unanswered) this.pending = { ...pending, doubtful: true };
      else if (error instanceof Refusal && !LATER.has(error.status)) this.pending = undefined;
      throw error;
    }
  }
}

/** The attempts of many small actions, each by what it is about. */
export class Attempts {
  private readonly all = new Map<string, Attempt>();

  async send<T>(wish: Wish): Promise<T> {
    const about = `${wish.method} ${wish.path}`;
    const attempt = this.all.get(about) ?? new Attempt();
    this.all.set(about, attempt);
    const answer = await attempt.send<T>(wish);
    this.all.delete(about);
    return answer;
  }
}

function same(a: Wish, b: Wish): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
