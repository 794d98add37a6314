// A picture as large as the window, with its caption and credit, in a dialog above the page.

/**
 * Open it from the link around the picture; the focus returns there when it is closed. Where the post,
 * an element with the id `home`, was put in anew since, it is the same link in that.
 */
export function enlarge(asked: HTMLAnchorElement, home: string): void {
  const link = asked.isConnected ? asked : opener(asked, home);
  if (!link) return;
  const dialog = shown(link);
  const look = (): void => {
    if (!opener(link, home)) dialog.close(); // what was withdrawn is nowhere to be seen
  };
  addEventListener("posts", look);
  dialog.addEventListener("click", ({ target }) => {
    if (!(target as Element).closest("img, figcaption")) dialog.close();
  });
  dialog.addEventListener("close", () => {
    removeEventListener("posts", look);
    dialog.remove();
    // The browser has returned the focus, unless the post was put in anew meanwhile.
    if (!link.isConnected) opener(link, home)?.focus({ preventScroll: true });
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** The link to that picture in that post as it is now. */
function opener(link: HTMLAnchorElement, home: string): HTMLAnchorElement | undefined {
  const links = document.getElementById(home)?.querySelectorAll<HTMLAnchorElement>(".image > a") ?? [];
  return [...links].find(({ href }) => href === link.href);
}

function shown(link: HTMLAnchorElement): HTMLDialogElement {
  const dialog = document.createElement("dialog");
  const figure = document.createElement("figure");
  const picture = large(link);
  const caption = link.parentElement?.querySelector("figcaption");
  dialog.className = "enlarged";
  dialog.setAttribute("aria-label", picture.alt || (link.ariaLabel ?? ""));
  figure.lang = link.closest<HTMLElement>("[lang]")?.lang ?? "";
  figure.append(picture, ...(caption ? [caption.cloneNode(true)] : []));
  dialog.append(closing(), figure);
  return dialog;
}

/** The picture from its largest file, in a box of its own shape before that has come. */
function large(link: HTMLAnchorElement): HTMLImageElement {
  const picture = link.querySelector("img")?.cloneNode() as HTMLImageElement;
  for (const name of ["srcset", "sizes", "loading"]) picture.removeAttribute(name);
  picture.src = link.href;
  return picture;
}

function closing(): HTMLButtonElement {
  const button = document.createElement("button");
  const words = document.querySelector<HTMLElement>('#words [data-say="close"]');
  button.type = "button";
  button.className = "close";
  button.lang = words?.closest<HTMLElement>("[lang]")?.lang ?? "";
  button.textContent = words?.textContent ?? "×";
  return button;
}
