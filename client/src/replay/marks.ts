// What happened when: the marks of a day, and the ways from one to the next. Times in milliseconds
// since 1970.

export const KINDS = ["post", "edit", "retract", "blog", "key"] as const;
export type Kind = (typeof KINDS)[number];

/** One public change, or neighbouring ones of a kind that the server has joined. */
export interface Mark {
  readonly at: number;
  readonly kind: Kind;
  /** Of a post; "" of the blog's own. */
  readonly post: string;
}

const MOST = 200_000; // marks: more than any server of ours sends

export class Marks {
  /** When something happened: each time once, the earliest first. */
  readonly times: readonly number[];

  /** `all` is in the order of their times. */
  constructor(
    readonly from: number,
    readonly to: number,
    readonly all: readonly Mark[],
  ) {
    this.times = [...new Set(all.map(({ at }) => at))];
  }

  /** The last time before a moment at which something happened. */
  before(moment: number): number | undefined {
    return this.times[this.until(moment) - 1];
  }

  /** The first after it. */
  after(moment: number): number | undefined {
    const next = this.until(moment);
    return this.times[this.times[next] === moment ? next + 1 : next];
  }

  /** How much of a kind has happened. */
  count(kind: Kind): number {
    return this.all.filter((mark) => mark.kind === kind).length;
  }

  /** Whether this post is not on the page of now: the last that happened to it is its withdrawal. */
  isGone(post: string): boolean {
    const last = this.all.filter((mark) => mark.post === post).pop();
    return last?.kind === "retract";
  }

  /** Whether something may have been withdrawn that `earlier`, of the same day, did not know of. */
  withdrewSince(earlier: Marks): boolean {
    const gone = this.all.filter(({ kind }) => kind === "retract");
    if (gone.some(({ post }) => post === "")) return this.to > earlier.to; // several are told as one
    if (earlier.all.length === 0) return gone.some(({ at }) => at > earlier.to);
    return gone.length > earlier.count("retract");
  }

  /** How many times lie before a moment: found by halves. */
  private until(moment: number): number {
    let low = 0;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.times[middle] ?? Infinity) < moment) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * What `/api/blogs/{blog}/marks` answers; throws where that makes no sense. A day begins with its
 * first post: what was prepared before is nobody's day.
 */
export function marksOf(answer: unknown): Marks {
  const { from, to, marks } = answer as { from: string; to: string; marks: unknown[] };
  const [first, last] = [Date.parse(from), Date.parse(to)];
  if (!(last >= first) || !Array.isArray(marks)) throw new Error("no marks of a day");
  const all = marks.slice(0, MOST).flatMap((mark) => markOf(mark, first));
  all.sort((one, other) => one.at - other.at);
  const began = all.find(({ kind }) => kind === "post")?.at ?? first;
  return new Marks(began, last, all.filter(({ at }) => at >= began));
}

/** A mark of `[ms, kind, seq, post]`; none of a kind that is not known here. */
function markOf(mark: unknown, from: number): Mark[] {
  const [passed, kind, , post] = mark as [unknown, unknown, unknown, unknown];
  if (typeof passed !== "number" || !Number.isFinite(passed) || !isKind(kind)) return [];
  return [{ at: from + passed, kind, post: String(post ?? "") }];
}

function isKind(kind: unknown): kind is Kind {
  return (KINDS as readonly unknown[]).includes(kind);
}
