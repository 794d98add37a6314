// Which pages may hear from an embedded blog: those that may frame it.

/**
 * Whether an origin is among the hosts of a blog's setting: origins, `https://*.example.org` for
 * all names below one, `*` for all. As in `frame-ancestors`, `http` allows `https` too.
 */
export function allows(hosts: readonly string[], origin: string): boolean {
  return /^https?:\/\//.test(origin) && hosts.some((host) => matches(host, origin));
}

function matches(host: string, origin: string): boolean {
  if (host === "*" || host === origin) return true;
  if (host.startsWith("http:") && origin.startsWith("https:")) return matches(host.replace("http:", "https:"), origin);
  const [scheme, name] = host.split("*");
  return name !== undefined && scheme !== undefined && origin.startsWith(scheme) && origin.endsWith(name);
}
