// Whom an embedded blog answers, and how the desk's form has what a blog looks like and leads to.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Appearance, LOOKS, texts, wanted } from "../src/desk/looks.ts";
import { allows } from "../src/embedded/hosts.ts";

const allowed: [hosts: string[], origin: string][] = [
  [["https://news.example"], "https://news.example"],
  [["https://other.example", "https://news.example:8443"], "https://news.example:8443"],
  [["https://*.news.example"], "https://live.news.example"],
  [["https://*.news.example"], "https://a.b.news.example"],
  [["https://*.news.example:8443"], "https://live.news.example:8443"],
  [["http://news.example"], "https://news.example"],
  [["*"], "http://127.0.0.1:8000"],
];

const refused: [hosts: string[], origin: string][] = [
  [[], "https://news.example"],
  [["https://news.example"], "http://news.example"],
  [["https://news.example"], "https://news.example:8443"],
  [["https://news.example"], "https://news.example.evil.example"],
  [["https://*.news.example"], "https://news.example"],
  [["https://*.news.example"], "https://evilnews.example"],
  [["https://*.news.example"], "http://live.news.example"],
  [["https://*.news.example"], "https://live.news.example:8443"],
  [["*"], "null"],
  [["*"], ""],
];

test("those who may embed a blog are told its height", () => {
  for (const [hosts, origin] of allowed) assert.ok(allows(hosts, origin), `${hosts} ${origin}`);
});

test("nobody else is", () => {
  for (const [hosts, origin] of refused) assert.ok(!allows(hosts, origin), `${hosts} ${origin}`);
});

const BELL: Appearance = {
  accent: "#0a7d55",
  logo: { media: "5f", alt: "The Bell", url: "/media/5f.png" },
  imprint: "https://bell.example/imprint",
  privacy: "",
  accessibility: "",
  translations: [
    { language: "nl", url: "https://bell.example/nl" },
    { language: "ar", url: "https://bell.example/ar" },
  ],
  embed_hosts: ["https://news.example", "*"],
};

test("what the form shows is what it sends", () => {
  const shown = texts(BELL);
  assert.equal(shown.translations, "nl https://bell.example/nl\nar https://bell.example/ar");
  const { logo, ...plain } = BELL;
  assert.deepEqual(wanted(LOOKS, (name) => shown[name]), { ...plain, logo: { media: "5f", alt: "The Bell" } });
});

test("a logo without a picture is none, and its words alone change it", () => {
  const shown = { ...texts(BELL), logo: "" };
  assert.deepEqual(wanted(["logo"], (name) => shown[name]), { logo: null });
  const renamed = { ...texts(BELL), logo_alt: " The Bell, daily " };
  assert.deepEqual(wanted(["logo_alt"], (name) => renamed[name]), { logo: { media: "5f", alt: "The Bell, daily" } });
});

test("lines are taken as they were typed: what is wrong in one is the server's to say", () => {
  const typed = { ...texts(BELL), translations: "\n nl\thttps://bell.example/nl \n\nde\n", embed_hosts: " a \n\nb" };
  assert.deepEqual(wanted(["translations", "embed_hosts"], (name) => typed[name]), {
    translations: [
      { language: "nl", url: "https://bell.example/nl" },
      { language: "de", url: "" },
    ],
    embed_hosts: ["a", "b"],
  });
});
