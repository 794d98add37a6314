// The surroundings a connection has in a browser: its links, timers, and the page's own events.

import { Connection, type Listener, type Surroundings } from "./connection.ts";
import type { Transport, Transports } from "./ladder.ts";
import type { Envelope } from "./messages.ts";
import { open } from "./transports.ts";

const SOCKET: Transports = ["socket"];
const ALL: Transports = ["socket", "events", "polling"];

/**
 * Follow the log at `path` (from the root of the site, a query may be part of it) from a position
 * on, for as long as the page lives. By a websocket; if the log is also told at `changes`, to
 * whoever asks there, then where sockets are blocked by server-sent events from `path`, or by
 * polling `changes`.
 */
export function follow<Message extends Envelope>(
  path: string,
  position: string,
  listener: Listener<Message>,
  changes?: string,
): Connection<Message> {
  const addresses = { socket: path, events: path, polling: changes ?? path };
  const around = surroundings(addresses, changes === undefined ? SOCKET : ALL);
  const connection = new Connection<Message>(around, listener, position);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) connection.wake();
  });
  addEventListener("online", () => connection.wake(true));
  addEventListener("offline", () => connection.doubt());
  // An open link keeps a page out of the back/forward cache, and does not survive in it.
  addEventListener("pagehide", () => connection.stop());
  addEventListener("pageshow", (event) => {
    if (event.persisted) connection.start();
  });
  connection.start();
  return connection;
}

function surroundings(addresses: Record<Transport, string>, transports: Transports): Surroundings {
  return {
    transports,
    open: (transport, since, ears) => open(addresses[transport], transport, since, ears),
    now: Date.now, // unlike the monotonic clock it goes on while the machine sleeps
    random: Math.random,
    later(delay, run) {
      const timer = setTimeout(run, Math.max(0, delay));
      return () => clearTimeout(timer);
    },
    visible: () => !document.hidden,
    online: () => navigator.onLine,
  };
}
