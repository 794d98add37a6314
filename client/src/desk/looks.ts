// What a blog looks like and leads to, as its form's controls have it and as the API takes it.

/** As the API gives it. */
export interface Appearance {
  readonly accent: string;
  readonly logo: { readonly media: string; readonly alt: string; readonly url: string } | null;
  readonly imprint: string;
  readonly privacy: string;
  readonly accessibility: string;
  readonly translations: readonly Translation[];
  readonly embed_hosts: readonly string[];
}

interface Translation {
  readonly language: string;
  readonly url: string;
}

/** The controls by name; lists are typed as lines. */
export const LOOKS = [
  "accent",
  "logo",
  "logo_alt",
  "imprint",
  "privacy",
  "accessibility",
  "translations",
  "embed_hosts",
] as const;
export type Look = (typeof LOOKS)[number];

/** The texts of the controls. */
export function texts({ logo, translations, embed_hosts, ...plain }: Appearance): Record<Look, string> {
  return {
    accent: plain.accent,
    logo: logo?.media ?? "",
    logo_alt: logo?.alt ?? "",
    imprint: plain.imprint,
    privacy: plain.privacy,
    accessibility: plain.accessibility,
    translations: translations.map(({ language, url }) => `${language} ${url}`).join("\n"),
    embed_hosts: embed_hosts.join("\n"),
  };
}

/** What the API is sent of the controls that were typed into. */
export function wanted(names: readonly Look[], text: (name: Look) => string): Record<string, unknown> {
  const sent: Record<string, unknown> = {};
  for (const name of names) {
    if (name === "logo" || name === "logo_alt") sent.logo = logo(text("logo"), text("logo_alt"));
    else if (name === "translations") sent.translations = lines(text(name)).map(translation);
    else if (name === "embed_hosts") sent.embed_hosts = lines(text(name));
    else sent[name] = text(name).trim();
  }
  return sent;
}

function logo(media: string, alt: string): { media: string; alt: string } | null {
  return media ? { media, alt: alt.trim() } : null;
}

/** A line as it was typed, `nl https://example.org/nl`; what is lacking is the server's to name. */
function translation(line: string): Translation {
  const [language = "", ...rest] = line.split(/\s+/);
  return { language, url: rest.join(" ") };
}

function lines(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter(Boolean);
}
