// A list of posts in the page: `<li data-id data-order data-version>`, in the order of their places.

/** A place in a list: what it is called, where it stands, which version of it this is. */
export interface Entry {
  readonly id: string;
  readonly order: string;
  readonly version: number;
}

export class List {
  /** `prefix` makes the ids of its items: a post may stand in two lists of one page. */
  constructor(
    readonly element: HTMLElement,
    private readonly prefix: string,
    private readonly oldestFirst = false,
  ) {}

  get(id: string): HTMLLIElement | undefined {
    return this.items().find((item) => item.dataset.id === id);
  }

  items(): HTMLLIElement[] {
    return [...this.element.querySelectorAll<HTMLLIElement>(":scope > li[data-id]")];
  }

  /** Whether it has that version of a post, or a newer one. */
  has({ id, version }: Entry): boolean {
    return Number(this.get(id)?.dataset.version ?? -1) >= version;
  }

  /** Insert, or replace what has that id, at its order. */
  put({ id, order, version }: Entry, ...content: Node[]): void {
    const item = this.get(id) ?? document.createElement("li");
    const stays = item.dataset.order === order;
    item.id = this.prefix + id;
    item.dataset.id = id;
    item.dataset.order = order;
    item.dataset.version = String(version);
    // Whoever has something running in it puts the content around that.
    const filling = new CustomEvent("filling", { bubbles: true, cancelable: true, detail: content });
    if (item.dispatchEvent(filling)) item.replaceChildren(...content);
    if (!stays) this.place(item, order);
  }

  remove(id: string): void {
    this.get(id)?.remove();
  }

  /** Remove all but those: what stays keeps its element, and with it the reader's place. */
  keep(ids: readonly string[]): void {
    for (const item of this.items()) if (!ids.includes(item.dataset.id ?? "")) item.remove();
  }

  /** Orders are compared by code unit, as the server compares them: they are ASCII. */
  private place(item: HTMLLIElement, order: string): void {
    const below = this.items().find((other) => {
      const place = other.dataset.order ?? "";
      return other !== item && (this.oldestFirst ? place > order : place < order);
    });
    // Moved at once, and not out and in again, it goes on with what runs in it.
    if (item.isConnected && "moveBefore" in this.element) this.element.moveBefore(item, below ?? null);
    else this.element.insertBefore(item, below ?? null);
  }
}
