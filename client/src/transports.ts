// The three ways to a blog's messages, as events/PROTOCOL.md describes them. Each says what it
// hears and how it ended; when to use which, and when to come back, is not decided here.

import type { Transport } from "./ladder.ts";
import { ANSWERED, type Ears, type Link, LOST } from "./line.ts";

/** Open a link at an address of this site; it tells what came after the position `since`. */
export function open(address: string, transport: Transport, since: string, ears: Ears): Link {
  const url = new URL(address, location.href);
  url.searchParams.set("since", since);
  try {
    return OPEN[transport](url, ears);
  } catch {
    queueMicrotask(() => ears.ended(LOST)); // this browser has no such thing, or lets nobody have it
    return { close() {} };
  }
}

const OPEN: Record<Transport, (url: URL, ears: Ears) => Link> = {
  socket(url, ears) {
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    socket.onmessage = ({ data }) => ears.said(String(data));
    socket.onclose = ({ code }) => ears.ended(code);
    return socket;
  },

  // Not an EventSource: that one hides the status of a refusal, and comes back by its own rules.
  events: (url, ears) =>
    ask(url, "text/event-stream", "no-store", ears, async (answer, said) => {
      for await (const line of lines(answer)) if (line.startsWith("data: ")) said(line.slice(6));
      return LOST;
    }),

  // The browser's own cache asks with the ETag of what it has for this very address.
  polling: (url, ears) =>
    ask(url, "application/json", "no-cache", ears, async (answer, said) => {
      said(await answer.text());
      return ANSWERED;
    }),
};

/** A request as a link: `read` says the code that it ends with once it was answered well. */
function ask(
  url: URL,
  accept: string,
  cache: RequestCache,
  ears: Ears,
  read: (answer: Response, said: Ears["said"]) => Promise<number>,
): Link {
  const abort = new AbortController();
  const said = (text: string): void => {
    try {
      ears.said(text);
    } catch (error) {
      queueMicrotask(() => { throw error; }); // the page's own: not the network's, as those below
    }
  };
  const outcome = async (): Promise<number> => {
    const answer = await fetch(url, { headers: { accept }, cache, signal: abort.signal });
    const kind = answer.headers.get("content-type") ?? "";
    return answer.ok && kind.startsWith(accept) ? read(answer, said) : refusal(answer.status, kind);
  };
  // The network's failures; the browser has named them in its console.
  void outcome().catch(() => LOST).then((code) => ears.ended(code));
  return { close: () => abort.abort() };
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
