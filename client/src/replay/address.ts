// The address holds the moment: who copies it, or loads the page again, sees the same.

const OFTEN = 1_000; // ms; browsers take a hundred changes in half a minute, and no more

export class Address {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private writtenAt = -OFTEN;

  constructor(private moment: number) {}

  /** Hold another moment, soon. */
  hold(moment: number): void {
    this.moment = moment;
    const wait = Math.max(0, this.writtenAt + OFTEN - performance.now());
    this.timer ??= setTimeout(() => this.write(), wait);
  }

  /** The address of a moment, with everything else that this one says. */
  of(moment: number, name = "at", value = rfc3339(moment)): string {
    const url = new URL(location.href);
    url.searchParams.set("at", rfc3339(moment));
    url.searchParams.set(name, value);
    url.hash = "";
    url.search = url.search.replace(/%3A/g, ":"); // which a query may have, and people can read
    return url.href;
  }

  /** Hold another setting. */
  set(name: string, value: string): void {
    history.replaceState(history.state, "", this.of(this.moment, name, value));
  }

  private write(): void {
    this.timer = undefined;
    this.writtenAt = performance.now();
    history.replaceState(history.state, "", this.of(this.moment));
  }
}

export function rfc3339(moment: number): string {
  return new Date(Math.floor(moment)).toISOString();
}
