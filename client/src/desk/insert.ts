// Blocks put into a post's text, in the notation of events/read_markdown.py.

/** Put a block where the cursor is, between empty lines. */
export function insert(area: HTMLTextAreaElement, block: string): void {
  const before = area.value.slice(0, area.selectionEnd).trimEnd();
  const after = area.value.slice(area.selectionEnd).trimStart();
  const start = before ? `${before}\n\n${block}` : block;
  area.value = after ? `${start}\n\n${after}` : `${start}\n`;
  area.setSelectionRange(start.length, start.length);
}

/** A block as a fence: a line for each of its values that is not empty. */
export function fence(kind: string, values: Readonly<Record<string, string>>): string {
  const lines = Object.entries(values).filter(([, value]) => value);
  return ["```" + kind, ...lines.map(([key, value]) => `${key}: ${value}`), "```"].join("\n");
}
