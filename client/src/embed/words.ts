// What a page and the blog framed in it say to each other, by postMessage. Both check from whom.

/** The page asks the frame; once it has, it is told of every change. */
export interface Wanted {
  readonly type: "liveblog:height?";
}

/** The page says which band of the frame is to be seen: where it begins, and how high it is. */
export interface Seen {
  readonly type: "liveblog:seen";
  readonly top: number;
  readonly height: number;
}

/** The frame says how high its content is, in CSS pixels. */
export interface Told {
  readonly type: "liveblog:height";
  readonly height: number;
  /** By how much the page is to scroll with that, so that what is read stays where it is. */
  readonly scroll?: number;
}
