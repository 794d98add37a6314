// The surroundings a connection has in a browser: websockets, timers, and the page's own events.

import { Connection, type Ears, type Link, type Listener, type Surroundings } from "./connection.ts";
import type { Envelope } from "./messages.ts";

/**
 * Follow the log at `path` (from the root of the site, a query may be part of it) from a position
 * on, for as long as the page lives.
 */
export function follow<Message extends Envelope>(
  path: string,
  position: string,
  listener: Listener<Message>,
): Connection<Message> {
  const connection = new Connection<Message>(surroundings(path), listener, position);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) connection.wake();
  });
  addEventListener("online", () => connection.wake(true));
  // An open socket keeps a page out of the back/forward cache, and does not survive in it.
  addEventListener("pagehide", () => connection.stop());
  addEventListener("pageshow", (event) => {
    if (event.persisted) connection.start();
  });
  connection.start();
  return connection;
}

function surroundings(path: string): Surroundings {
  return {
    open: (since, ears) => socket(path, since, ears),
    now: Date.now, // unlike the monotonic clock it goes on while the machine sleeps
    random: Math.random,
    later(delay, run) {
      const timer = setTimeout(run, Math.max(0, delay));
      return () => clearTimeout(timer);
    },
    visible: () => !document.hidden,
  };
}

function socket(path: string, since: string, ears: Ears): Link {
  const url = new URL(path, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  url.searchParams.set("since", since);
  const socket = new WebSocket(url);
  socket.onmessage = ({ data }) => ears.said(String(data));
  socket.onclose = ({ code }) => ears.ended(code);
  return socket;
}
