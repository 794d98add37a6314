// What was typed and not saved yet, kept in this browser: a closed tab or an ended session loses nothing.

import type { Pending } from "./attempt.ts";
import type { Fields } from "./fields.ts";

/** A post that is being written: what it started from, what stands there now, what was sent. */
export interface Draft {
  readonly id: string | undefined;
  readonly version: number;
  readonly status: string;
  readonly base: Fields;
  readonly fields: Fields;
  readonly correction: string;
  readonly correcting: boolean;
  readonly pending: Pending | undefined;
}

export class Stash {
  /** `blog` is what the blog is called for ever, `owner` whose texts these are. */
  constructor(
    private readonly blog: string,
    private readonly owner: string,
  ) {}

  /** Keep the draft of a post, or of the new one. */
  keep(post: string | undefined, draft: Draft): void {
    try {
      localStorage.setItem(this.name(post), JSON.stringify(draft));
    } catch {
      // Full or forbidden: the text is still in the page.
    }
  }

  drop(post: string | undefined): void {
    try {
      localStorage.removeItem(this.name(post));
    } catch {
      // Forbidden: then there is nothing.
    }
  }

  find(post: string | undefined): Draft | undefined {
    try {
      const kept = localStorage.getItem(this.name(post));
      return kept === null ? undefined : (JSON.parse(kept) as Draft);
    } catch {
      return undefined;
    }
  }

  /** The posts that something is kept of; the new one is not among them. */
  posts(): string[] {
    const prefix = this.name("");
    try {
      const names = Object.keys(localStorage).filter((name) => name.startsWith(prefix));
      return names.map((name) => name.slice(prefix.length)).filter((post) => post !== "new");
    } catch {
      return [];
    }
  }

  private name(post: string | undefined): string {
    return `desk/${this.owner}/${this.blog}/${post ?? "new"}`;
  }
}
