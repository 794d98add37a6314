// The surroundings a tape has in a browser: its socket and timers.

import type { Ears } from "../line.ts";
import { LOST } from "../line.ts";
import type { Channel, Surroundings } from "./tape.ts";

/** The socket at `path`, from the root of the site. */
export function wire(path: string): Surroundings {
  return {
    open: (query, ears) => open(path, query, ears),
    now: () => performance.now(),
    random: Math.random,
    later(delay, run) {
      const timer = setTimeout(run, delay);
      return () => clearTimeout(timer);
    },
  };
}

function open(path: string, query: string, ears: Ears): Channel {
  const url = new URL(`${path}?${query}`, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  try {
    const socket = new WebSocket(url);
    socket.onmessage = ({ data }) => ears.said(String(data));
    socket.onclose = ({ code }) => ears.ended(code);
    return { send: (text) => socket.send(text), close: () => socket.close() };
  } catch {
    queueMicrotask(() => ears.ended(LOST)); // this browser has no such thing, or lets nobody have it
    return { send() {}, close() {} };
  }
}
