/**
 * Reader of JSON text where it lies: a `Json` is a checked stretch of UTF-8, and lookups scan it. Nothing is
 * allocated but the strings that are asked for. Strict RFC 8259; the last of equal keys wins, as in JavaScript.
 */

import { decimalToDouble } from "./decimal";

/** What a value is. NONE stands for "absent or malformed". */
export enum JsonKind {
  NONE = 0,
  NULL = 1,
  BOOLEAN = 2,
  NUMBER = 3,
  TEXT = 4,
  OBJECT = 5,
  ARRAY = 6,
}

/** Deeper nesting is malformed: the checker is recursive. */
const JSON_DEPTH_MAX: i32 = 64;

/** One JSON value inside a text that was checked as a whole. */
@final
export class Json {
  /** `owner` keeps the bytes alive; null where they lie in a message. */
  constructor(
    /** First byte of the value; 0 where there is none. */
    readonly start: usize,
    /** One past its last byte. */
    readonly end: usize,
    private owner: ArrayBuffer | null,
  ) {}

  /** Checks and wraps a text. Kind NONE where it is not JSON. */
  static parse(text: string): Json {
    const owner = String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE);
    const start = changetype<usize>(owner);
    return Json.check(start, start + <usize>owner.byteLength, owner);
  }

  /** Checks bytes in memory and wraps the one value in them. Kind NONE where they are not JSON. */
  static check(start: usize, end: usize, owner: ArrayBuffer | null): Json {
    const first = skipSpace(start, end);
    const last = skipValue(first, end, 0);
    if (last == 0 || skipSpace(last, end) != end) return new Json(0, 0, null);
    return new Json(first, last, owner);
  }

  get kind(): JsonKind {
    if (this.start == 0) return JsonKind.NONE;
    switch (<i32>load<u8>(this.start)) {
      case 0x7b:
        return JsonKind.OBJECT;
      case 0x5b:
        return JsonKind.ARRAY;
      case 0x22:
        return JsonKind.TEXT;
      case 0x74:
      case 0x66:
        return JsonKind.BOOLEAN;
      case 0x6e:
        return JsonKind.NULL;
      default:
        return JsonKind.NUMBER;
    }
  }

  /** Member of an object; kind NONE where there is none. */
  get(key: string): Json {
    if (this.kind != JsonKind.OBJECT) return new Json(0, 0, null);
    const end = this.end;
    let found: usize = 0;
    let foundEnd: usize = 0;
    let at = skipSpace(this.start + 1, end);
    while (load<u8>(at) == 0x22) {
      const keyEnd = skipText(at, end);
      const matches = textEquals(at, keyEnd, key);
      const value = skipSpace(skipSpace(keyEnd, end) + 1, end);
      const valueEnd = skipValue(value, end, 0);
      if (matches) {
        found = value;
        foundEnd = valueEnd;
      }
      at = skipSpace(valueEnd, end);
      if (load<u8>(at) == 0x2c) at = skipSpace(at + 1, end);
    }
    return new Json(found, foundEnd, this.owner);
  }

  has(key: string): bool {
    return this.get(key).start != 0;
  }

  /** Elements of an array or members of an object; else 0. */
  get length(): i32 {
    const kind = this.kind;
    if (kind != JsonKind.ARRAY && kind != JsonKind.OBJECT) return 0;
    const end = this.end;
    let count = 0;
    let at = skipSpace(this.start + 1, end);
    while (at < end - 1) {
      if (kind == JsonKind.OBJECT) at = skipSpace(skipSpace(skipText(at, end), end) + 1, end);
      at = skipSpace(skipValue(at, end, 0), end);
      if (load<u8>(at) == 0x2c) at = skipSpace(at + 1, end);
      count += 1;
    }
    return count;
  }

  /** All elements of an array, in order; empty for anything else. */
  elements(): Array<Json> {
    const list = new Array<Json>();
    if (this.kind != JsonKind.ARRAY) return list;
    const end = this.end;
    let at = skipSpace(this.start + 1, end);
    while (at < end - 1) {
      const valueEnd = skipValue(at, end, 0);
      list.push(new Json(at, valueEnd, this.owner));
      at = skipSpace(valueEnd, end);
      if (load<u8>(at) == 0x2c) at = skipSpace(at + 1, end);
    }
    return list;
  }

  /** Names of an object's members, in order of the text; empty for anything else. */
  keys(): Array<string> {
    const list = new Array<string>();
    if (this.kind != JsonKind.OBJECT) return list;
    const end = this.end;
    let at = skipSpace(this.start + 1, end);
    while (load<u8>(at) == 0x22) {
      const keyEnd = skipText(at, end);
      list.push(decodeText(at, keyEnd));
      at = skipSpace(skipValue(skipSpace(skipSpace(keyEnd, end) + 1, end), end, 0), end);
      if (load<u8>(at) == 0x2c) at = skipSpace(at + 1, end);
    }
    return list;
  }

  /** This value as a number, or `fallback`. */
  asNumber(fallback: f64 = NaN): f64 {
    return this.kind == JsonKind.NUMBER ? decimalToDouble(this.start, this.end) : fallback;
  }

  /** This value as a text, or `fallback`. */
  asText(fallback: string = ""): string {
    return this.kind == JsonKind.TEXT ? decodeText(this.start, this.end) : fallback;
  }

  /** This value as a boolean, or `fallback`. */
  asBoolean(fallback: bool = false): bool {
    return this.kind == JsonKind.BOOLEAN ? load<u8>(this.start) == 0x74 : fallback;
  }

  number(key: string, fallback: f64 = NaN): f64 {
    return this.get(key).asNumber(fallback);
  }

  text(key: string, fallback: string = ""): string {
    return this.get(key).asText(fallback);
  }

  boolean(key: string, fallback: bool = false): bool {
    return this.get(key).asBoolean(fallback);
  }

  /** The JSON text of this value. */
  toString(): string {
    return this.start == 0 ? "" : String.UTF8.decodeUnsafe(this.start, this.end - this.start);
  }
}

function skipSpace(at: usize, end: usize): usize {
  while (at < end) {
    const byte = load<u8>(at);
    if (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09) break;
    at += 1;
  }
  return at;
}

/** One past the value that starts at `at`; 0 where it is malformed. */
function skipValue(at: usize, end: usize, depth: i32): usize {
  if (at >= end || depth > JSON_DEPTH_MAX) return 0;
  switch (<i32>load<u8>(at)) {
    case 0x7b:
      return skipObject(at, end, depth);
    case 0x5b:
      return skipArray(at, end, depth);
    case 0x22:
      return skipText(at, end);
    case 0x74:
      return at + 4 <= end && load<u32>(at) == 0x65757274 ? at + 4 : 0;
    case 0x6e:
      return at + 4 <= end && load<u32>(at) == 0x6c6c756e ? at + 4 : 0;
    case 0x66:
      return at + 5 <= end && load<u32>(at + 1) == 0x65736c61 ? at + 5 : 0;
    default:
      return skipNumber(at, end);
  }
}

function skipObject(start: usize, end: usize, depth: i32): usize {
  let at = skipSpace(start + 1, end);
  if (at < end && load<u8>(at) == 0x7d) return at + 1;
  while (at < end && load<u8>(at) == 0x22) {
    at = skipText(at, end);
    if (at == 0) return 0;
    at = skipSpace(at, end);
    if (at >= end || load<u8>(at) != 0x3a) return 0;
    at = skipValue(skipSpace(at + 1, end), end, depth + 1);
    if (at == 0) return 0;
    at = skipSpace(at, end);
    if (at >= end) return 0;
    const byte = load<u8>(at);
    if (byte == 0x7d) return at + 1;
    if (byte != 0x2c) return 0;
    at = skipSpace(at + 1, end);
  }
  return 0;
}

function skipArray(start: usize, end: usize, depth: i32): usize {
  let at = skipSpace(start + 1, end);
  if (at < end && load<u8>(at) == 0x5d) return at + 1;
  while (at < end) {
    at = skipValue(at, end, depth + 1);
    if (at == 0) return 0;
    at = skipSpace(at, end);
    if (at >= end) return 0;
    const byte = load<u8>(at);
    if (byte == 0x5d) return at + 1;
    if (byte != 0x2c) return 0;
    at = skipSpace(at + 1, end);
  }
  return 0;
}

function skipText(start: usize, end: usize): usize {
  let at = start + 1;
  while (at < end) {
    const byte = load<u8>(at);
    if (byte == 0x22) return at + 1;
    if (byte < 0x20) return 0;
    at += 1;
    if (byte != 0x5c) continue;
    if (at >= end) return 0;
    const escape = load<u8>(at);
    at += 1;
    if (escape == 0x75) {
      if (at + 4 > end || hexUnit(at) < 0) return 0;
      at += 4;
    } else if (!isSimpleEscape(escape)) return 0;
  }
  return 0;
}

function isSimpleEscape(byte: u8): bool {
  switch (<i32>byte) {
    case 0x22:
    case 0x2f:
    case 0x5c:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return true;
    default:
      return false;
  }
}

function skipDigits(at: usize, end: usize): usize {
  while (at < end && <u32>load<u8>(at) - 0x30 < 10) at += 1;
  return at;
}

function skipNumber(start: usize, end: usize): usize {
  let at = start;
  if (load<u8>(at) == 0x2d) at += 1;
  const digits = at;
  at = skipDigits(at, end);
  if (at == digits || (at - digits > 1 && load<u8>(digits) == 0x30)) return 0;
  if (at < end && load<u8>(at) == 0x2e) {
    const fraction = at + 1;
    at = skipDigits(fraction, end);
    if (at == fraction) return 0;
  }
  if (at < end && (load<u8>(at) | 0x20) == 0x65) {
    at += 1;
    if (at < end && (load<u8>(at) == 0x2b || load<u8>(at) == 0x2d)) at += 1;
    const exponent = at;
    at = skipDigits(exponent, end);
    if (at == exponent) return 0;
  }
  return at;
}

/** Code unit of four hex digits, or -1. */
function hexUnit(at: usize): i32 {
  let unit = 0;
  for (let index: usize = 0; index < 4; index++) {
    const byte = <i32>load<u8>(at + index);
    const lower = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) unit = (unit << 4) | (byte - 0x30);
    else if (lower >= 0x61 && lower <= 0x66) unit = (unit << 4) | (lower - 0x57);
    else return -1;
  }
  return unit;
}

/** Compares a quoted text with a string, without decoding where both are plain ASCII. */
function textEquals(start: usize, end: usize, key: string): bool {
  const bytes = <i32>(end - start) - 2;
  let index = 0;
  while (index < bytes) {
    const byte = load<u8>(start + 1 + <usize>index);
    if (byte == 0x5c || byte >= 0x80) return decodeText(start, end) == key;
    if (index >= key.length || key.charCodeAt(index) != <i32>byte) return false;
    index += 1;
  }
  return bytes == key.length;
}

/** Text between the quotes, escapes resolved. */
function decodeText(start: usize, end: usize): string {
  const first = start + 1;
  const last = end - 1;
  let at = first;
  while (at < last && load<u8>(at) != 0x5c) at += 1;
  if (at == last) return String.UTF8.decodeUnsafe(first, last - first);
  let text = "";
  let plain = first;
  while (at < last) {
    if (load<u8>(at) != 0x5c) {
      at += 1;
      continue;
    }
    text += String.UTF8.decodeUnsafe(plain, at - plain);
    const escape = load<u8>(at + 1);
    if (escape == 0x75) {
      text += String.fromCharCode(hexUnit(at + 2));
      at += 6;
    } else {
      text += String.fromCharCode(unescape(escape));
      at += 2;
    }
    plain = at;
  }
  return text + String.UTF8.decodeUnsafe(plain, last - plain);
}

function unescape(byte: u8): i32 {
  switch (<i32>byte) {
    case 0x62:
      return 8;
    case 0x66:
      return 12;
    case 0x6e:
      return 10;
    case 0x72:
      return 13;
    case 0x74:
      return 9;
    default:
      return <i32>byte;
  }
}
