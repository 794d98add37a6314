// The messages a server sends, as events/PROTOCOL.md describes them. Types only.

/** What every message may carry; all that a connection itself looks at. */
export interface Envelope {
  readonly type: string;
  /** Where the log stands with this message: `<epoch>-<seq>`. */
  readonly position?: string;
  /** The public position before this one: whoever is older has lost something. */
  readonly after?: string;
  /** Of a `hello`: whether what follows goes on from our position, or is a snapshot. */
  readonly resumed?: boolean;
}

export type BlogStatus = "upcoming" | "live" | "paused" | "ended";

export interface Hello {
  readonly type: "hello";
  readonly position: string;
  readonly resumed: boolean;
  readonly status: BlogStatus;
  readonly viewers: number | null;
}

/** A post in its public form, with the article the server has rendered. */
export interface Item {
  readonly id: string;
  readonly version: number;
  readonly order: string;
  readonly pinned: boolean;
  readonly key: boolean;
  readonly html: string;
}

/** One line of the list of key events. */
export interface KeyEvent {
  readonly id: string;
  readonly order: string;
  readonly title: string;
  /** RFC 3339, or null for a post that shows no time. */
  readonly published_at: string | null;
  readonly url: string;
}

export interface Snapshot {
  readonly type: "snapshot";
  readonly position: string;
  readonly title: string;
  readonly standfirst: string;
  readonly status: BlogStatus;
  /** HTML of the server's, "" for none. */
  readonly summary?: string;
  readonly posts: readonly Item[];
  readonly pinned: readonly Item[];
  readonly keys: readonly KeyEvent[];
}

export interface PostMessage extends Item {
  readonly type: "post";
  readonly position: string;
  readonly after: string;
}

export interface Retract {
  readonly type: "retract";
  readonly position: string;
  readonly after: string;
  readonly id: string;
}

export interface BlogMessage {
  readonly type: "blog";
  readonly position: string;
  readonly after: string;
  readonly title: string;
  readonly standfirst: string;
  readonly status: BlogStatus;
  /** HTML of the server's, "" for none. */
  readonly summary?: string;
}

export interface Viewers {
  readonly type: "viewers";
  readonly count: number;
}

/** What a reader is sent in the form `html`. */
export type ReaderMessage = Hello | Snapshot | PostMessage | Retract | BlogMessage | Viewers;
