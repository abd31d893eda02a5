// What npm packages expect of every platform and QuickJS does not bring: encoding of text, cloning, cancelling.
// Declarations only, placed before the prelude, which puts them on the global object.

/** UTF-8 only, as the platform's. */
class TextEncoder {
  get encoding() {
    return "utf-8";
  }
  encode(text = "") {
    return utf8Bytes(String(text));
  }
  encodeInto(text, target) {
    let [read, written] = [0, 0];
    for (const character of String(text)) {
      const bytes = utf8Bytes(character);
      if (written + bytes.length > target.length) break;
      target.set(bytes, written);
      written += bytes.length;
      read += character.length;
    }
    return { read, written };
  }
}

function bytesOf(input) {
  if (input === undefined) return new Uint8Array(0);
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  return new Uint8Array(input);
}

/** UTF-8 to text; what is no UTF-8 becomes U+FFFD, or is an error where `fatal`. Keeps an unfinished character while streaming. */
class TextDecoder {
  #rest = new Uint8Array(0);
  #started = false;
  constructor(label = "utf-8", { fatal = false, ignoreBOM = false } = {}) {
    if (!/^(utf-?8|unicode-1-1-utf-8)$/i.test(String(label).trim()))
      throw new RangeError(`TextDecoder knows utf-8, not "${label}"`);
    this.fatal = fatal;
    this.ignoreBOM = ignoreBOM;
  }
  get encoding() {
    return "utf-8";
  }
  decode(input, { stream = false } = {}) {
    const fresh = bytesOf(input);
    const bytes = new Uint8Array(this.#rest.length + fresh.length);
    bytes.set(this.#rest);
    bytes.set(fresh, this.#rest.length);
    const { text, used } = decodedUtf8(bytes, { fatal: this.fatal, stream });
    this.#rest = bytes.slice(used);
    const skipsMark = !this.#started && !this.ignoreBOM && text.startsWith("\uFEFF");
    this.#started = stream && (this.#started || text !== "");
    return skipsMark ? text.slice(1) : text;
  }
}

/** Bytes of the character at `at`: {length, code}; length 0 for an unfinished one, code undefined for a wrong one. */
function characterAt(bytes, at) {
  const first = bytes[at];
  if (first < 0x80) return { length: 1, code: first };
  const count =
    first >= 0xf0 && first < 0xf5
      ? 4
      : first >= 0xe0 && first < 0xf0
        ? 3
        : first >= 0xc2 && first < 0xe0
          ? 2
          : 0;
  if (count === 0) return { length: 1, code: undefined };
  let code = first & (0xff >> (count + 1));
  for (let index = 1; index < count; index++) {
    if (at + index >= bytes.length) return { length: 0, code: undefined };
    const next = bytes[at + index];
    const low = index > 1 ? 0x80 : first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const high = index > 1 ? 0xbf : first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (next < low || next > high) return { length: index, code: undefined };
    code = (code << 6) | (next & 0x3f);
  }
  return { length: count, code };
}

function decodedUtf8(bytes, { fatal, stream }) {
  let text = "";
  let at = 0;
  while (at < bytes.length) {
    const { length, code } = characterAt(bytes, at);
    if (length === 0 && stream) break;
    if (code === undefined && fatal) throw new TypeError("these bytes are no UTF-8");
    text += code === undefined ? "\uFFFD" : String.fromCodePoint(code);
    at += length === 0 ? bytes.length - at : length;
  }
  return { text, used: at };
}

/** A copy of plain and built-in values, cycles included; functions and symbols are refused. */
function structuredClone(value) {
  return cloned(value, new Map());
}

function cloned(value, known) {
  if (typeof value === "function" || typeof value === "symbol")
    throw new TypeError(`a ${typeof value} cannot be cloned`);
  if (typeof value !== "object" || value === null) return value;
  if (known.has(value)) return known.get(value);
  const keep = (copy) => {
    known.set(value, copy);
    return copy;
  };
  if (value instanceof Date) return keep(new Date(value));
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags));
  if (value instanceof ArrayBuffer) return keep(value.slice(0));
  if (ArrayBuffer.isView(value))
    return keep(
      new value.constructor(value.buffer.slice(value.byteOffset, value.byteOffset + value.byteLength)),
    );
  if (value instanceof Map) {
    const copy = keep(new Map());
    for (const [key, item] of value) copy.set(cloned(key, known), cloned(item, known));
    return copy;
  }
  if (value instanceof Set) {
    const copy = keep(new Set());
    for (const item of value) copy.add(cloned(item, known));
    return copy;
  }
  if (value instanceof Error) return keep(clonedError(value, known));
  const copy = keep(Array.isArray(value) ? new Array(value.length) : {});
  for (const key of Object.keys(value)) copy[key] = cloned(value[key], known);
  return copy;
}

function clonedError(error, known) {
  const kinds = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
  const copy = new (kinds[error.name] ?? Error)(error.message);
  copy.stack = error.stack;
  if ("cause" in error) copy.cause = cloned(error.cause, known);
  return copy;
}

/** Listeners by type; enough for AbortSignal and for packages that make their own. */
class EventTarget {
  #listeners = new Map();
  addEventListener(type, listener, options) {
    const list = this.#listeners.get(type) ?? [];
    if (listener === null || list.some((entry) => entry.listener === listener)) return;
    this.#listeners.set(type, [...list, { listener, once: options?.once === true }]);
  }
  removeEventListener(type, listener) {
    const list = this.#listeners.get(type) ?? [];
    this.#listeners.set(
      type,
      list.filter((entry) => entry.listener !== listener),
    );
  }
  dispatchEvent(event) {
    Object.defineProperty(event, "target", { value: this, configurable: true });
    for (const { listener, once } of this.#listeners.get(event.type) ?? []) {
      if (once) this.removeEventListener(event.type, listener);
      if (typeof listener === "function") listener.call(this, event);
      else listener.handleEvent(event);
    }
    return !event.defaultPrevented;
  }
}

class Event {
  constructor(type, options) {
    this.type = type;
    this.cancelable = options?.cancelable === true;
    this.defaultPrevented = false;
  }
  preventDefault() {
    if (this.cancelable) this.defaultPrevented = true;
  }
}

/** Name, not class, is what packages look at. */
function abortError() {
  const error = new Error("This operation was aborted");
  error.name = "AbortError";
  return error;
}

let makesSignal = false;

class AbortSignal extends EventTarget {
  onabort = null;
  #aborted = false;
  #reason;
  constructor() {
    super();
    if (!makesSignal) throw new TypeError("an AbortSignal comes from an AbortController");
  }
  get aborted() {
    return this.#aborted;
  }
  get reason() {
    return this.#reason;
  }
  throwIfAborted() {
    if (this.#aborted) throw this.#reason;
  }
  static abort(reason) {
    const controller = new AbortController();
    controller.abort(reason);
    return controller.signal;
  }
  static any(signals) {
    const controller = new AbortController();
    for (const signal of signals) {
      if (signal.aborted) controller.abort(signal.reason);
      else signal.addEventListener("abort", () => controller.abort(signal.reason), { once: true });
    }
    return controller.signal;
  }
  static timeout(milliseconds) {
    const controller = new AbortController();
    const error = Object.assign(new Error("The operation timed out"), { name: "TimeoutError" });
    setTimeout(() => controller.abort(error), milliseconds);
    return controller.signal;
  }
  static {
    AbortSignal.trigger = (signal, reason) => {
      if (signal.#aborted) return;
      signal.#aborted = true;
      signal.#reason = reason === undefined ? abortError() : reason;
      const event = new Event("abort");
      signal.onabort?.(event);
      signal.dispatchEvent(event);
    };
  }
}

const triggerSignal = AbortSignal.trigger;
delete AbortSignal.trigger;

class AbortController {
  constructor() {
    makesSignal = true;
    this.signal = new AbortSignal();
    makesSignal = false;
  }
  abort(reason) {
    triggerSignal(this.signal, reason);
  }
}
