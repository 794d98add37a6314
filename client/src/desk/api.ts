// Talking to the server's JSON API with the session's cookie. One request, one answer.

/** A request that changes something; `version` is what it was based on. */
export interface Wish {
  readonly method: "POST" | "PATCH" | "PUT" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly version?: number;
}

/** The parts of an RFC 9457 problem that the desk looks at. */
interface Problem {
  readonly detail?: string;
  readonly faults?: readonly { readonly path: string; readonly message: string }[];
}

/** The server said no: nothing has changed. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** There was no answer, or one that leaves open whether it happened. */
export class Unanswered extends Error {}

/** Read something. Throws `Refusal`, `Unanswered`. */
export async function read<T>(path: string): Promise<T> {
  return taken(await asked(path, {}));
}

/** Send a wish under a key, once. Throws `Refusal`, `Unanswered`. */
export async function send<T>(wish: Wish, key: string): Promise<T> {
  const headers: Record<string, string> = { "Idempotency-Key": key };
  if (wish.version !== undefined) headers["If-Match"] = `"${wish.version}"`;
  if (wish.body !== undefined) headers["Content-Type"] = "application/json";
  const body = wish.body === undefined ? null : JSON.stringify(wish.body);
  return taken(await asked(wish.path, { method: wish.method, headers, body }));
}

/** Send a file as it is. Throws `Refusal`, `Unanswered`. */
export async function upload<T>(path: string, file: File): Promise<T> {
  const headers = { "Content-Type": "application/octet-stream" };
  return taken(await asked(path, { method: "POST", headers, body: file }));
}

/** A key for a request: random, and made without what only secure pages have. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function asked(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { ...init, credentials: "same-origin", cache: "no-store" });
  } catch {
    throw new Unanswered("The server did not answer.");
  }
}

async function taken<T>(response: Response): Promise<T> {
  let answer: unknown;
  try {
    answer = await response.json();
  } catch {
    answer = undefined;
  }
  if (response.ok && answer !== undefined) return answer as T;
  const said = told(answer as Problem | undefined) || response.statusText;
  if (response.ok || response.status >= 500) throw new Unanswered(said);
  throw new Refusal(response.status, said);
}

function told(problem: Problem | undefined): string {
  const faults = problem?.faults?.map(({ path, message }) => `${path.replace(/^\$\.?/, "")} ${message}`.trim());
  return faults?.length ? faults.join("; ") : (problem?.detail ?? "");
}
