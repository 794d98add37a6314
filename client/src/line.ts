// One link to the server, from its opening to its end: it begins with a hello, in good time, and
// it ends once. What is heard on it before or after is nobody's business.

import type { Transport } from "./ladder.ts";
import type { Envelope } from "./messages.ts";

/** One attempt at a link, however it is carried. */
export interface Link {
  /** End it; nothing that it reports afterwards counts. */
  close(): void;
}

/** What a link reports. */
export interface Ears {
  /** JSON text: one message, or an array of messages. */
  said(text: string): void;
  /** The link is over, with a websocket close code. */
  ended(code: number): void;
}

/** What a line needs of the world. Times in milliseconds. */
export interface Outside {
  open(transport: Transport, since: string, ears: Ears): Link;
  now(): number;
  /** Run once after a delay; what it returns cancels that. */
  later(delay: number, run: () => void): () => void;
}

/** Whoever has opened a line. Both are called with the line, since one may have several. */
export interface Owner<Message extends Envelope> {
  heard(line: Line<Message>, message: Message): void;
  /** It is over, and not by `close`; `code` is undefined if there was no hello in time. */
  ended(line: Line<Message>, code: number | undefined): void;
}

/** The close code of a link that broke, or that speaks nonsense. */
export const LOST = 1006;
/** The code of a poll that was answered. */
export const ANSWERED = 1000;

// Of a poll the hello comes last: with all that was missed, perhaps over a slow network.
const HELLO_WITHIN: Record<Transport, number> = { socket: 10_000, events: 10_000, polling: 30_000 };

export class Line<Message extends Envelope> {
  greeted = false;
  private over = false;
  private readonly openedAt: number;
  private readonly link: Link | undefined;
  private readonly unhurry: () => void;

  constructor(
    private readonly outside: Outside,
    private readonly owner: Owner<Message>,
    readonly transport: Transport,
    since: string,
  ) {
    this.openedAt = outside.now();
    this.unhurry = outside.later(HELLO_WITHIN[transport], () => this.end(undefined));
    this.link = outside.open(transport, since, {
      said: (text) => this.hear(text),
      ended: (code) => this.end(code),
    });
  }

  /** Since when it is there. */
  get age(): number {
    return this.outside.now() - this.openedAt;
  }

  /** Be done with it, without a word. */
  close(): void {
    if (this.over) return;
    this.over = true;
    this.unhurry();
    this.link?.close();
  }

  /** Close it, and tell the owner. */
  end(code: number | undefined): void {
    if (this.over) return;
    this.close();
    this.owner.ended(this, code);
  }

  private hear(text: string): void {
    for (const message of parsed<Message>(text)) {
      if (this.over) return;
      if (typeof message?.type !== "string" || (!this.greeted && message.type !== "hello")) {
        return this.end(LOST);
      }
      if (!this.greeted) this.unhurry();
      this.greeted = true;
      this.owner.heard(this, message);
    }
  }
}

/** What a text says; a text that is no JSON says one thing that is no message. */
function parsed<Message>(text: string): (Message | null)[] {
  try {
    return [JSON.parse(text)].flat();
  } catch {
    return [null];
  }
}
