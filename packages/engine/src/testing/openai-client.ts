/** The npm client of OpenAI, as far as tests use it. Loaded by name: only tests of the server need it. */

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

export interface Chat {
  readonly id: string;
  readonly system_fingerprint?: string;
  readonly seed?: number;
  readonly choices: readonly {
    readonly index: number;
    readonly finish_reason: string;
    readonly message: {
      readonly role: string;
      readonly content: string | null;
      readonly tool_calls?: readonly {
        readonly id: string;
        readonly function: { readonly name: string; readonly arguments: string };
      }[];
    };
  }[];
  readonly usage: Usage;
}

export interface ChatChunk {
  readonly id: string;
  readonly choices: readonly {
    readonly index: number;
    readonly delta: { readonly role?: string; readonly content?: string };
    readonly finish_reason: string | null;
  }[];
  readonly usage?: Usage | null;
}

export interface Completion {
  readonly choices: readonly {
    readonly index: number;
    readonly text: string;
    readonly finish_reason: string;
  }[];
  readonly usage: Usage;
}

export interface Embeddings {
  readonly data: readonly { readonly index: number; readonly embedding: readonly number[] }[];
  readonly usage: { readonly prompt_tokens: number };
}

export type Body = Readonly<Record<string, unknown>>;

interface Options {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly maxRetries?: number;
}

export interface OpenAiClient {
  readonly models: {
    list(): Promise<{ readonly data: readonly { readonly id: string; readonly owned_by: string }[] }>;
    retrieve(name: string): Promise<{ readonly id: string }>;
  };
  readonly chat: { readonly completions: { create(body: Body, options?: Options): Promise<unknown> } };
  readonly completions: { create(body: Body, options?: Options): Promise<unknown> };
  readonly embeddings: { create(body: Body, options?: Options): Promise<unknown> };
}

/** What the client throws for an error of the server. */
export interface ApiError extends Error {
  readonly status: number;
  readonly code: string | null;
  readonly param: string | null;
  readonly type: string;
}

/** A client of the server at `url`. It repeats nothing by itself unless told so. */
export async function openAiClient(
  url: string,
  { token = "none", maxRetries = 0 } = {},
): Promise<OpenAiClient> {
  const name = "openai";
  const { OpenAI } = (await import(name)) as {
    OpenAI: new (options: object) => OpenAiClient;
  }; // its own declarations are larger than this repository
  return new OpenAI({ baseURL: url, apiKey: token, maxRetries });
}

export async function chat(client: OpenAiClient, body: Body, options: Options = {}): Promise<Chat> {
  return (await client.chat.completions.create(body, options)) as Chat; // what the interface gives
}

/** A whole stream. */
export async function streamed(
  client: OpenAiClient,
  body: Body,
  options: Options = {},
): Promise<readonly ChatChunk[]> {
  const stream = await client.chat.completions.create({ ...body, stream: true }, options);
  const chunks: ChatChunk[] = [];
  for await (const chunk of stream as AsyncIterable<ChatChunk>) chunks.push(chunk); // what the interface gives
  return chunks;
}

export function textOf(chunks: readonly ChatChunk[], index = 0): string {
  return chunks
    .flatMap(({ choices }) => choices.filter((choice) => choice.index === index))
    .map(({ delta }) => delta.content ?? "")
    .join("");
}

/** The error that the server gave. */
export async function refusal(work: Promise<unknown>): Promise<ApiError> {
  try {
    await work;
  } catch (error) {
    return error as ApiError; // what the client throws
  }
  throw new Error("the server was expected to refuse the request");
}
