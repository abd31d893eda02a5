/**
 * What the server's parts say to each other: questions as models and agents take them, answers, and whoever gives
 * them. The HTTP side knows nothing else of models and worlds.
 */

import type { Json } from "@wasm-engine/core";

export type JsonMap = Readonly<Record<string, Json>>;

/** `chat`: a conversation goes on. `completion`: a prompt does. */
export type QuestionKind = "chat" | "completion";

/** One text that is wanted. Names of members are written as agents write them: `maxTokens`. */
export interface Question {
  readonly kind: QuestionKind;
  /** `messages` or `prompt`, and how the text is to be. */
  readonly members: JsonMap;
  /** Name of the request, of which parts of the answer speak. */
  readonly id: string;
  readonly signal: AbortSignal;
  /** Idempotency key of the client. */
  readonly key?: string;
  /** Called with each piece of the text as it comes; absent where nobody wants pieces. */
  readonly hear?: (piece: string) => void;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: Json;
}

export interface Answer {
  readonly text: string;
  readonly finishReason: string;
  /** Null where nobody counts. */
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly toolCalls?: readonly ToolCall[];
}

export interface Vectors {
  readonly embeddings: readonly (readonly number[])[];
  readonly promptTokens: number;
}

/** Whoever stands behind a name of the list of models. */
export interface Respondent {
  /** Name in the interface. */
  readonly name: string;
  readonly ownedBy: string;
  /** Names what decides the bits of its texts; absent where nobody promises any. */
  readonly fingerprint?: string;
  /** A model takes the members that {@link Question} lists; an agent takes what it likes. */
  readonly kind: "model" | "agent";
  /** @throws coded errors; statusOf (errors.ts) tells what they are over HTTP */
  write(question: Question): Promise<Answer>;
  /** Vectors of texts. @param members `input` and the like, as `Question.members` */
  embed(members: JsonMap): Promise<Vectors>;
}

/** Finds respondents by name. */
export interface Directory {
  /** An agent is found by its name alone, unless it must be listed. @throws {WE_SERVE_MODEL} */
  find(name: string, mustBeListed?: boolean): Promise<Respondent>;
  list(): Promise<readonly Listed[]>;
}

/** An entry of the list of models. */
export interface Listed {
  readonly name: string;
  readonly ownedBy: string;
}
