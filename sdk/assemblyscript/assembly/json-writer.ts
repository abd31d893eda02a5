/** Writer of JSON text, straight to UTF-8. Open brackets are closed where the text is used. */

const INITIAL_BYTES: i32 = 256;

/** Builds one object: `new JsonWriter().text("id", "ORD").number("delay", 12)`. Every method gives the writer back. */
@final
export class JsonWriter {
  private buffer: ArrayBuffer = new ArrayBuffer(INITIAL_BYTES);
  private length: i32 = 0;
  /** Closing brackets owed, innermost last. */
  private closers: Array<u8> = new Array<u8>();
  private first: bool = true;

  constructor(array: bool = false) {
    this.open(array);
  }

  /** A writer whose text is `json` as it stands; the caller answers for its form. */
  static ofText(json: string): JsonWriter {
    const writer = new JsonWriter();
    writer.length = 0;
    writer.closers.length = 0;
    writer.appendUtf8(json);
    return writer;
  }

  number(key: string, value: f64): JsonWriter {
    this.key(key);
    this.appendNumber(value);
    return this;
  }

  integer(key: string, value: i64): JsonWriter {
    this.key(key);
    this.appendInteger(value);
    return this;
  }

  text(key: string, value: string): JsonWriter {
    this.key(key);
    this.appendText(value);
    return this;
  }

  boolean(key: string, value: bool): JsonWriter {
    this.key(key);
    this.appendAscii(value ? "true" : "false");
    return this;
  }

  nothing(key: string): JsonWriter {
    this.key(key);
    this.appendAscii("null");
    return this;
  }

  /** A member whose value is JSON text already. */
  raw(key: string, json: string): JsonWriter {
    this.key(key);
    this.appendUtf8(json);
    return this;
  }

  beginObject(key: string): JsonWriter {
    this.key(key);
    this.open(false);
    return this;
  }

  beginArray(key: string): JsonWriter {
    this.key(key);
    this.open(true);
    return this;
  }

  addNumber(value: f64): JsonWriter {
    this.comma();
    this.appendNumber(value);
    return this;
  }

  addText(value: string): JsonWriter {
    this.comma();
    this.appendText(value);
    return this;
  }

  addBoolean(value: bool): JsonWriter {
    this.comma();
    this.appendAscii(value ? "true" : "false");
    return this;
  }

  addObject(): JsonWriter {
    this.comma();
    this.open(false);
    return this;
  }

  addArray(): JsonWriter {
    this.comma();
    this.open(true);
    return this;
  }

  /** Closes the innermost object or array. */
  end(): JsonWriter {
    assert(this.closers.length > 0, "nothing is open");
    this.appendByte(this.closers.pop());
    this.first = false;
    return this;
  }

  /** Closes everything; the address of the finished text. */
  finish(): usize {
    while (this.closers.length > 0) this.end();
    return changetype<usize>(this.buffer);
  }

  get byteLength(): i32 {
    return this.length;
  }

  toString(): string {
    const start = this.finish();
    return String.UTF8.decodeUnsafe(start, this.length);
  }

  private open(array: bool): void {
    this.appendByte(array ? 0x5b : 0x7b);
    this.closers.push(array ? 0x5d : 0x7d);
    this.first = true;
  }

  private comma(): void {
    if (!this.first) this.appendByte(0x2c);
    this.first = false;
  }

  private key(key: string): void {
    this.comma();
    this.appendText(key);
    this.appendByte(0x3a);
  }

  private reserve(bytes: i32): usize {
    const needed = this.length + bytes;
    if (needed > this.buffer.byteLength) {
      const grown = new ArrayBuffer(max(needed, this.buffer.byteLength * 2));
      memory.copy(changetype<usize>(grown), changetype<usize>(this.buffer), this.length);
      this.buffer = grown;
    }
    return changetype<usize>(this.buffer) + <usize>this.length;
  }

  private appendByte(byte: u8): void {
    store<u8>(this.reserve(1), byte);
    this.length += 1;
  }

  private appendAscii(text: string): void {
    const at = this.reserve(text.length);
    for (let index = 0; index < text.length; index++)
      store<u8>(at + <usize>index, <u8>text.charCodeAt(index));
    this.length += text.length;
  }

  private appendUtf8(text: string): void {
    const at = this.reserve(text.length * 3);
    this.length += <i32>(
      String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, at, false, String.UTF8.ErrorMode.REPLACE)
    );
  }

  private appendText(text: string): void {
    this.appendByte(0x22);
    let plain = 0;
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      if (unit != 0x22 && unit != 0x5c && unit >= 0x20) continue;
      if (index > plain) this.appendUtf8(text.substring(plain, index));
      this.appendEscape(unit);
      plain = index + 1;
    }
    this.appendUtf8(plain == 0 ? text : text.substring(plain));
    this.appendByte(0x22);
  }

  private appendEscape(unit: i32): void {
    this.appendByte(0x5c);
    if (unit == 0x22 || unit == 0x5c) return this.appendByte(<u8>unit);
    if (unit == 0x0a) return this.appendByte(0x6e);
    if (unit == 0x0d) return this.appendByte(0x72);
    if (unit == 0x09) return this.appendByte(0x74);
    this.appendAscii(unit < 0x10 ? "u000" : "u001");
    const low = unit & 15;
    this.appendByte(<u8>(low < 10 ? 0x30 + low : 0x57 + low));
  }

  /** Shortest text that reads back as the same number; NaN and infinities become null, as in JavaScript. */
  private appendNumber(value: f64): void {
    if (!isFinite(value)) return this.appendAscii("null");
    if (Math.trunc(value) == value && Math.abs(value) <= 9007199254740992.0)
      return this.appendInteger(<i64>value);
    this.appendAscii(value.toString());
  }

  private appendInteger(value: i64): void {
    let at = this.reserve(20);
    let magnitude = <u64>value;
    let bytes = 0;
    if (value < 0) {
      magnitude = 0 - magnitude;
      store<u8>(at, 0x2d);
      at += 1;
      bytes = 1;
    }
    let digits = 1;
    for (let rest = magnitude; rest >= 10; rest /= 10) digits += 1;
    for (let index = digits - 1; index >= 0; index--) {
      store<u8>(at + <usize>index, <u8>(0x30 + (magnitude % 10)));
      magnitude /= 10;
    }
    this.length += bytes + digits;
  }
}
