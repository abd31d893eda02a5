// URL and URLSearchParams inside QuickJS: the parts of the URL standard that programs build requests and links with.
// Hosts are ASCII or IPv4/IPv6 texts: names in other scripts are refused, because their conversion needs Unicode tables.
// Declarations only, placed before the prelude, which puts them on the global object.

const defaultPorts = Object.freeze({
  "http:": "80",
  "https:": "443",
  "ws:": "80",
  "wss:": "443",
  "ftp:": "21",
  "file:": "",
});

/** Percent-encodes what `kept` does not match, in UTF-8. Escapes that are there stay. */
function percentEncoded(text, kept) {
  return [...text.toWellFormed()]
    .map((character) => {
      if (kept.test(character)) return character;
      return [...utf8Bytes(character)]
        .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`)
        .join("");
    })
    .join("");
}

const pathCharacters = /^[!$%&'()*+,\-./0-9:;=@A-Z[\\\]^_a-z|~]$/;
const queryCharacters = /^[!$%&()*+,\-./0-9:;=?@A-Z[\\\]^_`a-z{|}~]$/;
const fragmentCharacters = /^[!#$%&'()*+,\-./0-9:;=?@A-Z[\\\]^_a-z{|}~]$/;
const userCharacters = /^[!$%&'()*+,\-.0-9A-Z_a-z~]$/;

function formEncoded(text) {
  return percentEncoded(text, /^[*\-.0-9A-Z_a-z ]$/).replaceAll(" ", "+");
}

function formDecoded(text) {
  const bytes = [];
  const plain = utf8Bytes(text.replaceAll("+", " "));
  for (let at = 0; at < plain.length; at++) {
    const pair = plain[at] === 37 ? String.fromCharCode(plain[at + 1] ?? 0, plain[at + 2] ?? 0) : "";
    if (/^[0-9a-fA-F]{2}$/.test(pair)) {
      bytes.push(Number.parseInt(pair, 16));
      at += 2;
    } else bytes.push(plain[at]);
  }
  return decodedUtf8(Uint8Array.from(bytes), { fatal: false, stream: false }).text;
}

class URLSearchParams {
  #pairs = [];
  #changed;
  constructor(init = "", changed) {
    this.#changed = typeof changed === "function" ? changed : undefined;
    if (typeof init === "object" && init !== null) {
      const pairs = typeof init[Symbol.iterator] === "function" ? [...init] : Object.entries(init);
      this.#pairs = pairs.map(([name, value]) => [String(name), String(value)]);
    } else this.#pairs = parsedQuery(String(init));
  }
  get size() {
    return this.#pairs.length;
  }
  append(name, value) {
    this.#pairs.push([String(name), String(value)]);
    this.#changed?.(this.toString());
  }
  delete(name, value) {
    this.#pairs = this.#pairs.filter(
      ([key, item]) => key !== String(name) || (value !== undefined && item !== String(value)),
    );
    this.#changed?.(this.toString());
  }
  get(name) {
    return this.#pairs.find(([key]) => key === String(name))?.[1] ?? null;
  }
  getAll(name) {
    return this.#pairs.filter(([key]) => key === String(name)).map(([, value]) => value);
  }
  has(name, value) {
    return this.#pairs.some(
      ([key, item]) => key === String(name) && (value === undefined || item === String(value)),
    );
  }
  set(name, value) {
    const index = this.#pairs.findIndex(([key]) => key === String(name));
    const others = this.#pairs.filter(([key], at) => key !== String(name) || at === index);
    if (index < 0) others.push([String(name), String(value)]);
    else others.find(([key]) => key === String(name))[1] = String(value);
    this.#pairs = others;
    this.#changed?.(this.toString());
  }
  sort() {
    this.#pairs.sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
    this.#changed?.(this.toString());
  }
  forEach(see, self) {
    for (const [name, value] of this.#pairs) see.call(self, value, name, this);
  }
  *entries() {
    for (const [name, value] of this.#pairs) yield [name, value];
  }
  *keys() {
    for (const [name] of this.#pairs) yield name;
  }
  *values() {
    for (const [, value] of this.#pairs) yield value;
  }
  [Symbol.iterator]() {
    return this.entries();
  }
  toString() {
    return this.#pairs.map(([name, value]) => `${formEncoded(name)}=${formEncoded(value)}`).join("&");
  }
}

function parsedQuery(text) {
  const parts = text
    .replace(/^\?/, "")
    .split("&")
    .filter((part) => part !== "");
  return parts.map((part) => {
    const at = part.indexOf("=");
    return at < 0
      ? [formDecoded(part), ""]
      : [formDecoded(part.slice(0, at)), formDecoded(part.slice(at + 1))];
  });
}

function invalidUrl(text) {
  return new TypeError(`Invalid URL: ${text}`);
}

/** Without `.` and `..`, which climb no higher than the root. */
function resolvedPath(path) {
  const parts = [];
  const names = path.split("/").slice(1);
  names.forEach((name, index) => {
    const plain = name.replaceAll(/%2e/gi, ".");
    const isLast = index === names.length - 1;
    if (plain === "..") parts.pop();
    else if (plain !== ".") parts.push(name);
    if (isLast && (plain === "." || plain === "..")) parts.push("");
  });
  return `/${parts.join("/")}`;
}

/** Host in lower case; numbers of IPv4 stay as they are written in four parts. */
function parsedHost(host, text) {
  if (/^\[[0-9a-fA-F:.]+\]$/.test(host)) return host.toLowerCase();
  const plain = formDecoded(host.replaceAll("+", "%2B")).toLowerCase();
  if (/^[\w\-.!$&'()*+,;=~]+$/.test(plain)) return plain;
  throw invalidUrl(text);
}

/** {protocol, username, password, hostname, port, pathname, search, hash}; hostname undefined where there is no authority. */
function parsedUrl(input, base) {
  const text = input.replaceAll(/^[\0- ]+|[\0- ]+$|[\t\n\r]/g, "");
  const [, scheme, afterScheme] = /^([A-Za-z][A-Za-z0-9+\-.]*:)(.*)$/s.exec(text) ?? [];
  const protocol = scheme?.toLowerCase();
  const isSpecial = (protocol ?? base?.protocol) in defaultPorts;
  const isRelative =
    protocol === undefined || (protocol === base?.protocol && isSpecial && !/^[/\\]/.test(afterScheme));
  if (isRelative && base === undefined) throw invalidUrl(input);
  let rest = protocol === undefined ? text : afterScheme;
  const hashAt = rest.indexOf("#");
  const hash = hashAt < 0 ? "" : percentEncoded(rest.slice(hashAt), fragmentCharacters);
  if (hashAt >= 0) rest = rest.slice(0, hashAt);
  const queryAt = rest.indexOf("?");
  const search = queryAt < 0 ? "" : percentEncoded(rest.slice(queryAt), queryCharacters);
  if (queryAt >= 0) rest = rest.slice(0, queryAt);
  if (isSpecial) rest = rest.replaceAll("\\", "/");
  const ends = { search: search === "?" ? "" : search, hash: hash === "#" ? "" : hash };
  if (!isRelative && isSpecial && protocol !== "file:") rest = `//${rest.replace(/^\/*/, "")}`;
  if (rest.startsWith("//"))
    return { ...withAuthority(rest.slice(2), protocol ?? base.protocol, input), ...ends };
  if (isRelative)
    return { ...relativeTo(base, rest, queryAt >= 0 ? ends.search : undefined), hash: ends.hash };
  const path = isSpecial || rest.startsWith("/") ? percentEncoded(rest, pathCharacters) : rest;
  const pathname = path.startsWith("/")
    ? resolvedPath(path)
    : protocol === "file:"
      ? resolvedPath(`/${path}`)
      : path;
  const hostname = protocol === "file:" ? "" : undefined;
  return { protocol, username: "", password: "", hostname, port: "", pathname, ...ends };
}

function withAuthority(rest, protocol, text) {
  const slash = rest.indexOf("/");
  const [authority, path] = slash < 0 ? [rest, ""] : [rest.slice(0, slash), rest.slice(slash)];
  const at = authority.lastIndexOf("@");
  const user = at < 0 ? "" : authority.slice(0, at);
  const colon = user.indexOf(":");
  const [, host, port = ""] = /^(.*?)(?::([0-9]*))?$/s.exec(authority.slice(at + 1)) ?? [];
  if (host === "" && protocol !== "file:" && protocol in defaultPorts) throw invalidUrl(text);
  if (Number(port) > 65_535) throw invalidUrl(text);
  const number = port === "" ? "" : String(Number(port));
  const pathname = percentEncoded(path, pathCharacters);
  return {
    protocol,
    username: percentEncoded(colon < 0 ? user : user.slice(0, colon), userCharacters),
    password: colon < 0 ? "" : percentEncoded(user.slice(colon + 1), userCharacters),
    hostname: host === "" || !(protocol in defaultPorts) ? host : parsedHost(host, text),
    port: number === defaultPorts[protocol] ? "" : number,
    pathname:
      pathname === "" && !(protocol in defaultPorts) ? "" : resolvedPath(pathname === "" ? "/" : pathname),
  };
}

function relativeTo(base, path, search) {
  if (base.hostname === undefined && !base.pathname.startsWith("/") && path !== "") throw invalidUrl(path);
  if (path === "") return { ...base, search: search ?? base.search };
  const encoded = percentEncoded(path, pathCharacters);
  const whole = encoded.startsWith("/") ? encoded : base.pathname.replace(/[^/]*$/, "") + encoded;
  return { ...base, pathname: resolvedPath(whole), search: search ?? "" };
}

class URL {
  #parts;
  #query;
  constructor(input, base) {
    this.#parts = parsedUrl(String(input), base === undefined ? undefined : parsedUrl(String(base)));
  }
  static canParse(input, base) {
    return URL.parse(input, base) !== null;
  }
  static parse(input, base) {
    try {
      return new URL(input, base);
    } catch {
      return null;
    }
  }
  #part(name, value) {
    this.#parts = parsedUrl(this.#text({ ...this.#parts, [name]: value }));
    this.#query = undefined;
  }
  #text({ protocol, username, password, hostname, port, pathname, search, hash }) {
    const user =
      username === "" && password === "" ? "" : `${username}${password === "" ? "" : `:${password}`}@`;
    const authority = hostname === undefined ? "" : `//${user}${hostname}${port === "" ? "" : `:${port}`}`;
    return `${protocol}${authority}${pathname}${search}${hash}`;
  }
  get href() {
    return this.#text(this.#parts);
  }
  set href(value) {
    this.#parts = parsedUrl(String(value));
    this.#query = undefined;
  }
  get origin() {
    const { protocol } = this.#parts;
    return protocol in defaultPorts && protocol !== "file:" ? `${protocol}//${this.host}` : "null";
  }
  get protocol() {
    return this.#parts.protocol;
  }
  set protocol(value) {
    this.#part("protocol", `${String(value).replace(/:.*$/s, "")}:`);
  }
  get username() {
    return this.#parts.username;
  }
  set username(value) {
    this.#part("username", percentEncoded(String(value), userCharacters));
  }
  get password() {
    return this.#parts.password;
  }
  set password(value) {
    this.#part("password", percentEncoded(String(value), userCharacters));
  }
  get host() {
    const { hostname = "", port } = this.#parts;
    return port === "" ? hostname : `${hostname}:${port}`;
  }
  set host(value) {
    const [, hostname, port] = /^(.*?)(?::([0-9]+))?$/s.exec(String(value)) ?? [];
    this.#part("hostname", hostname);
    if (port !== undefined) this.#part("port", port);
  }
  get hostname() {
    return this.#parts.hostname ?? "";
  }
  set hostname(value) {
    this.#part("hostname", String(value));
  }
  get port() {
    return this.#parts.port;
  }
  set port(value) {
    this.#part("port", String(value));
  }
  get pathname() {
    return this.#parts.pathname;
  }
  set pathname(value) {
    const path = String(value).replaceAll("?", "%3F").replaceAll("#", "%23");
    this.#part("pathname", path.startsWith("/") ? path : `/${path}`);
  }
  get search() {
    return this.#parts.search;
  }
  set search(value) {
    const text = String(value).replaceAll("#", "%23");
    this.#part("search", text === "" || text.startsWith("?") ? text : `?${text}`);
  }
  get hash() {
    return this.#parts.hash;
  }
  set hash(value) {
    const text = String(value);
    this.#part("hash", text === "" || text.startsWith("#") ? text : `#${text}`);
  }
  get searchParams() {
    this.#query ??= new URLSearchParams(this.#parts.search, (text) => {
      this.#parts = { ...this.#parts, search: text === "" ? "" : `?${text}` };
    });
    return this.#query;
  }
  toString() {
    return this.href;
  }
  toJSON() {
    return this.href;
  }
}
