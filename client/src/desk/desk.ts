// Where a desk's script is: which blog, for whom, and the addresses of that.

import type { Fields } from "./fields.ts";
import type { Appearance } from "./looks.ts";
import { Stash } from "./stash.ts";

/** A post as the API gives it to the desk. Times are RFC 3339. */
export interface PostView {
  readonly id: string;
  readonly version: number;
  readonly position: string;
  readonly status: "draft" | "submitted" | "scheduled" | "published" | "retracted";
  readonly title: string;
  readonly html: string;
  readonly author: string;
  readonly tags: readonly string[];
  readonly lang: string;
  readonly pinned: boolean;
  readonly key: boolean;
  readonly published_at: string | null;
  readonly first_published_at: string | null;
  readonly edited_at: string | null;
  readonly correction: string;
  readonly reason: string;
  readonly publish_at: string | null;
  readonly created_by: string;
}

/** A post as text, at the version an edit of it starts from. */
export interface Source extends Fields {
  readonly id: string;
  readonly version: number;
  readonly status: PostView["status"];
}

export interface BlogView {
  readonly slug: string;
  readonly title: string;
  readonly standfirst: string;
  readonly language: string;
  readonly time_zone: string;
  readonly status: "upcoming" | "live" | "paused" | "ended";
  readonly visibility: string;
  /** Whether the audience is told how many it is. */
  readonly show_viewers: boolean;
  /** Whether readers may see the page as it was. */
  readonly past_public: boolean;
  /** Markdown. */
  readonly summary: string;
  readonly appearance: Appearance;
}

export interface Details {
  readonly blog: BlogView;
  /** The statuses that can follow. */
  readonly following: readonly string[];
}

export class Desk {
  slug: string;
  zone: string;
  readonly actor: string;
  /** Whether the role reaches to all posts; else to one's own, until they are handed in. */
  readonly editor: boolean;
  readonly stash: Stash;

  constructor({ dataset }: HTMLElement) {
    this.slug = dataset.slug ?? "";
    this.zone = dataset.timeZone ?? "UTC";
    this.actor = dataset.actor ?? "";
    this.editor = dataset.editor !== undefined;
    this.stash = new Stash(dataset.id ?? "", this.actor);
  }

  api(path = ""): string {
    return `/api/blogs/${this.slug}${path}`;
  }

  own(path: string): string {
    return `/desk/${this.slug}${path}`;
  }
}
