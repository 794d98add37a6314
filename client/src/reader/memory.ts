// What this browser remembers of a reader, and may forget; docs/privacy.md lists it. Nothing of it is
// sent but a position, to ask what has changed since.

const PREFIX = "liveblog:";

export function recall(key: string): string {
  try {
    return localStorage.getItem(PREFIX + key) ?? "";
  } catch {
    return ""; // the reader lets no site remember
  }
}

/** "" forgets it. */
export function remember(key: string, value: string): void {
  try {
    if (value) localStorage.setItem(PREFIX + key, value);
    else localStorage.removeItem(PREFIX + key);
  } catch {
    // full, or not allowed: then it is not remembered
  }
}
