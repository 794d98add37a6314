// What the head says of posts to machines: it goes when a post is withdrawn of which it tells.

const TELLING = 'script[type$="json"], meta[name="description"], meta[property^="og:"]';

export function forget(): void {
  for (const element of document.head.querySelectorAll(TELLING)) element.remove();
}
