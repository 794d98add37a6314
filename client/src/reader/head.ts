// What the head says of posts to machines: it goes when a post is withdrawn, whichever it was.

const TELLING = [
  'script[type="application/ld+json"]',
  'meta[name="description"]',
  'meta[property^="og:description"]',
  'meta[property^="og:title"]',
  'meta[property^="og:image"]',
];

export function forget(): void {
  for (const element of document.head.querySelectorAll(TELLING.join())) element.remove();
}
