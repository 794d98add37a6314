// What this browser remembers of a reader; nothing of it is ever sent, and it may be forgotten.

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
