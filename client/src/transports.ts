// The ways to a blog's messages, as events/PROTOCOL.md describes them. Each says what it hears and
// how it ended; when to use which, and when to come back, is not decided here. Those for where
// sockets are blocked are a script that hardly anybody fetches.

import type { Transport } from "./ladder.ts";
import { type Ears, type Link, LOST } from "./line.ts";

const REQUESTS = "/static/requests.js";

let misses = 0; // a browser may remember that it could not fetch a script: then it is another address

/** Open a link at an address of this site; it tells what came after the position `since`. */
export function open(address: string, transport: Transport, since: string, ears: Ears): Link {
  const url = new URL(address, location.href);
  url.searchParams.set("since", since);
  if (transport !== "socket") return request(url, transport, ears);
  try {
    return socket(url, ears);
  } catch {
    queueMicrotask(() => ears.ended(LOST)); // this browser has no such thing, or lets nobody have it
    return { close() {} };
  }
}

function socket(url: URL, ears: Ears): Link {
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  socket.onmessage = ({ data }) => ears.said(String(data));
  socket.onclose = ({ code }) => ears.ended(code);
  return socket;
}

function request(url: URL, transport: "events" | "polling", ears: Ears): Link {
  const abort = new AbortController();
  const ask = async (): Promise<number> => {
    const part = (await import(misses ? `${REQUESTS}?${misses}` : REQUESTS).catch((error: unknown) => {
      misses += 1;
      throw error;
    })) as typeof import("./requests/main.ts");
    return part[transport](url, ears.said, abort.signal);
  };
  // The network's failures; the browser has named them in its console.
  void ask().catch(() => LOST).then((code) => ears.ended(code));
  return { close: () => abort.abort() };
}
