/**
 * The chat template of a model: messages to the text that it was trained on, through the pinned Jinja library. A
 * template sees the messages, the special tokens and the time that it is given, never the clock of the machine.
 */

import { Environment, Interpreter, Template } from "@huggingface/jinja";
import { inferenceError } from "../errors.js";
import { formatTime } from "./time-format.js";

export interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

export interface ChatOptions {
  /** What the template may call the present, in milliseconds since 1970; without it templates use their own default. */
  readonly epochMilliseconds?: number;
  /** Tools as the template expects them. */
  readonly tools?: readonly unknown[];
  /** Ends where the answer begins; default true. */
  readonly addGenerationPrompt?: boolean;
}

type Json = Readonly<Record<string, unknown>>;

const SPECIAL = ["bos_token", "eos_token", "unk_token", "pad_token"] as const;

export class ChatTemplate {
  readonly #model: string;
  readonly #template: Template;
  readonly #tokens: Readonly<Record<string, string>>;

  private constructor(model: string, template: Template, tokens: Readonly<Record<string, string>>) {
    this.#model = model;
    this.#template = template;
    this.#tokens = tokens;
  }

  /** Undefined where the model has none. @throws {WE_TEXT_TEMPLATE} where it cannot be read. */
  static of(model: string, config: Json, file: string | undefined): ChatTemplate | undefined {
    const text = file ?? templateOf(config["chat_template"]);
    if (text === undefined) return undefined;
    const tokens: Record<string, string> = {};
    for (const name of SPECIAL) {
      const token = contentOf(config[name]);
      if (token !== undefined) tokens[name] = token;
    }
    return new ChatTemplate(
      model,
      attempt(model, () => new Template(text)),
      tokens,
    );
  }

  /** @throws {WE_TEXT_TEMPLATE} where the template refuses the messages. */
  render(messages: readonly ChatMessage[], options: ChatOptions = {}): string {
    const { epochMilliseconds, tools, addGenerationPrompt = true } = options;
    const names: Record<string, unknown> = {
      ...GLOBALS,
      ...this.#tokens,
      messages: messages.map(({ role, content }) => ({ role, content })),
      add_generation_prompt: addGenerationPrompt,
    };
    if (tools !== undefined) names["tools"] = tools;
    if (epochMilliseconds !== undefined)
      names["strftime_now"] = (format: string) => formatTime(epochMilliseconds, format);
    return attempt(this.#model, () => render(this.#template, names));
  }
}

/** What templates find without being given it. The library's own list has the clock of the machine. */
const GLOBALS: Readonly<Record<string, unknown>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  range: (first: number, second?: number, step = 1): readonly number[] => {
    const [start, end] = second === undefined ? [0, first] : [first, second];
    const count = Math.min(Math.max(Math.ceil((end - start) / step), 0), rangeItemsMax);
    return Array.from({ length: count }, (_, index) => start + index * step);
  },
  raise_exception: (message: string): never => {
    throw new TemplateRefusal(message);
  },
};
const rangeItemsMax = 100_000;

/** Thrown by a template; becomes a coded error at once. */
class TemplateRefusal extends Error {}

/** What is used of the library's interpreter, whose declarations name files without extensions. */
interface Names {
  set(name: string, value: unknown): void;
}
const NewNames = Environment as unknown as new () => Names; // as above
const NewInterpreter = Interpreter as unknown as new (names: Names) => {
  run(program: unknown): { readonly value: unknown };
}; // as above

function render({ parsed }: { readonly parsed: unknown }, names: Readonly<Record<string, unknown>>): string {
  const environment = new NewNames();
  for (const [name, value] of Object.entries(names)) environment.set(name, value);
  return String(new NewInterpreter(environment).run(parsed).value);
}

/** One text, or a list of named ones, of which `default` is for chats. */
function templateOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return undefined;
  const named = value as readonly Json[]; // entries are read with care below
  return contentOf(named.find((entry) => entry["name"] === "default")?.["template"]);
}

/** Special tokens stand as text or as an object that holds it. */
function contentOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null && "content" in value
    ? contentOf(value.content)
    : undefined;
}

function attempt<Result>(model: string, action: () => Result): Result {
  try {
    return action();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw inferenceError("WE_TEXT_TEMPLATE", { model, reason });
  }
}
