// What a replay's socket says and is told, as events/PROTOCOL.md describes it. Types only.

import type { ReaderMessage } from "../messages.ts";

/** Where the replay stands: said when it begins, after whatever is asked of it, and while it plays. */
export interface Clock {
  readonly type: "clock";
  /** RFC 3339: the moment of the day. */
  readonly at: string;
  readonly position: string;
  readonly speed: number;
  readonly playing: boolean;
  /** It has come to its end, and plays no further. */
  readonly ended: boolean;
}

/** What was asked for is not possible; nothing has changed. */
export interface Problem {
  readonly type: "problem";
  readonly detail: string;
}

export type ReplayMessage = ReaderMessage | Clock | Problem;

/** What a viewer asks of the socket. */
export type Wish =
  | { readonly type: "play" | "pause" }
  | { readonly type: "speed"; readonly speed: number }
  | { readonly type: "seek"; readonly to: string }
  | { readonly type: "skip_silences"; readonly longest: number | null };
