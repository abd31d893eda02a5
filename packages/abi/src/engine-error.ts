/**
 * The one error class. Callers match `code`; text is for people. Errors cross threads and processes as
 * records because structured clone drops the class and its own properties.
 */

/** Process exit codes of the command line (DESIGN §14). */
export type ExitCode = 1 | 2 | 3 | 4 | 5 | 70 | 130;

/** `WE_<AREA>_<WHAT>`. */
export type ErrorCode = `WE_${string}`;

/** Plain form of an {@link EngineError}, safe for structured clone and JSON. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly docs?: string;
  readonly retryable: boolean;
  readonly exitCode: ExitCode;
  readonly details?: Readonly<Record<string, unknown>>;
}

const brand: unique symbol = Symbol.for("wasm-engine.error");

/** Every operating error of the product: what was expected, what came, what to do. */
export class EngineError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly docs: string;
  readonly retryable: boolean;
  readonly exitCode: ExitCode;
  readonly details: Readonly<Record<string, unknown>>;
  readonly [brand] = true;

  constructor(record: ErrorRecord) {
    super(record.message);
    this.name = "EngineError";
    this.code = record.code;
    this.hint = record.hint;
    this.docs = record.docs ?? docsPath(record.code);
    this.retryable = record.retryable;
    this.exitCode = record.exitCode;
    this.details = record.details ?? {};
  }

  /** True for an {@link EngineError} of any copy of this package, in any realm. */
  static is(value: unknown): value is EngineError {
    return typeof value === "object" && value !== null && brand in value;
  }

  toRecord(): ErrorRecord {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      docs: this.docs,
      retryable: this.retryable,
      exitCode: this.exitCode,
      details: this.details,
    };
  }

  static fromRecord(record: ErrorRecord): EngineError {
    return new EngineError(record);
  }
}

/** Where the page of a code lives, relative to the repository. */
export function docsPath(code: ErrorCode): string {
  return `docs/reference/errors/${code.toLowerCase().replaceAll("_", "-")}.md`;
}

/** One row of a package's `errors.ts`. `{name}` in the templates is filled from the parameters. */
export interface ErrorDefinition {
  /** Sentence case, no final full stop, the actual value in quotes. */
  readonly message: string;
  /** What to do. */
  readonly hint: string;
  readonly exitCode: ExitCode;
  readonly retryable?: boolean;
  /** One paragraph for the documentation page: when it happens and why. */
  readonly explanation: string;
}

/** A package's error codes. */
export type ErrorTable = Readonly<Record<ErrorCode, ErrorDefinition>>;

/** Values for a template; every one is also kept in `details`. */
export type ErrorParameters = Readonly<Record<string, unknown>>;

/**
 * Binds a table to a factory: `const fail = errorFactory(WASM_ERRORS); throw fail("WE_MODULE_HEADER", {…})`.
 * Unknown codes do not type-check; a placeholder without parameter stays visible as `{name}`.
 */
export function errorFactory<Table extends ErrorTable>(
  table: Table,
): (code: keyof Table & ErrorCode, parameters?: ErrorParameters) => EngineError {
  return (code, parameters = {}) => {
    const row = (table as ErrorTable)[code];
    if (row === undefined) throw unknownCode(code);
    return new EngineError({
      code,
      message: fill(row.message, parameters),
      hint: fill(row.hint, parameters),
      retryable: row.retryable ?? false,
      exitCode: row.exitCode,
      details: parameters,
    });
  };
}

/** The type forbids it; text that came around the type is a defect. Spelled out here: `assert.ts` needs this file. */
function unknownCode(code: string): EngineError {
  return new EngineError({
    code: "WE_INTERNAL_ASSERTION",
    message: `Invariant does not hold: error code "${code}" is in its table`,
    hint: "this is a defect of wasm-engine; please report it with the run folder",
    exitCode: 70,
    retryable: false,
  });
}

function fill(template: string, parameters: ErrorParameters): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in parameters ? printable(parameters[name]) : whole,
  );
}

/** Values come from users and guests: control characters never reach a terminal. */
function printable(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "�");
}
