// The ways to a blog's messages for where sockets are blocked: server-sent events, and asking again
// and again. Fetched by client/src/transports.ts. Each ends with a close code once it was answered.

import { ANSWERED, type Ears, LOST } from "../line.ts";

/** Not an EventSource: that one hides the status of a refusal, and comes back by its own rules. */
export function events(url: URL, said: Ears["said"], signal: AbortSignal): Promise<number> {
  return ask(url, "text/event-stream", "no-store", signal, async (answer) => {
    for await (const line of lines(answer)) if (line.startsWith("data: ")) tell(said, line.slice(6));
    return LOST;
  });
}

/** The browser's own cache asks with the ETag of what it has for this very address. */
export function polling(url: URL, said: Ears["said"], signal: AbortSignal): Promise<number> {
  return ask(url, "application/json", "no-cache", signal, async (answer) => {
    tell(said, await answer.text());
    return ANSWERED;
  });
}

async function ask(
  url: URL,
  accept: string,
  cache: RequestCache,
  signal: AbortSignal,
  read: (answer: Response) => Promise<number>,
): Promise<number> {
  const answer = await fetch(url, { headers: { accept }, cache, signal });
  const kind = answer.headers.get("content-type") ?? "";
  return answer.ok && kind.startsWith(accept) ? read(answer) : refusal(answer.status, kind);
}

function tell(said: Ears["said"], text: string): void {
  try {
    said(text);
  } catch (error) {
    queueMicrotask(() => { throw error; }); // the page's own: not the network's
  }
}

/** A close code for a status. Only problems are the server's own word; the rest is what lies between. */
function refusal(status: number, kind: string): number {
  const codes: Record<number, number> = { 400: 1008, 401: 4401, 404: 4404, 429: 4429, 503: 1012 };
  return (kind.startsWith("application/problem+json") && codes[status]) || LOST;
}

/** The lines of a body, each as soon as its end has come. */
async function* lines({ body }: Response): AsyncGenerator<string> {
  if (!body) return;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    const whole = (rest + chunk.value).split("\n");
    rest = whole.pop() ?? "";
    yield* whole;
  }
}
