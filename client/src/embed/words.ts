// What a page and the blog framed in it say to each other, by postMessage. Both check from whom.

/** The page asks the frame; once it has, it is told of every change. */
export interface Wanted {
  readonly type: "liveblog:height?";
}

/** The frame says how high its content is, in CSS pixels. */
export interface Told {
  readonly type: "liveblog:height";
  readonly height: number;
}
