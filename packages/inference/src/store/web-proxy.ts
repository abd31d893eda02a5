/** Which proxy the environment wants for an address: HTTPS_PROXY, ALL_PROXY and NO_PROXY, as usual. */

/** Variables of a process, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy for an https address; undefined: none. What is no address of a proxy counts as none. */
export function proxyFor(url: URL, environment: Environment): URL | undefined {
  const variable = (name: string): string => environment[name.toLowerCase()] ?? environment[name] ?? "";
  if (isExcepted(url, variable("NO_PROXY"))) return undefined;
  const text = variable("HTTPS_PROXY") || variable("ALL_PROXY");
  if (text === "") return undefined;
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(whole)) return undefined;
  const proxy = new URL(whole);
  return proxy.protocol === "http:" || proxy.protocol === "https:" ? proxy : undefined;
}

/** `*`, host names with everything below them, and ports: `example.org, .example.net, host:8080`. */
function isExcepted({ hostname, port, protocol }: URL, list: string): boolean {
  const ownPort = port === "" ? (protocol === "https:" ? "443" : "80") : port;
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === "*") return true;
    const [, name = "", wanted] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
    const bare = name.replace(/^\*?\./, "");
    if (bare === "" || (wanted !== undefined && wanted !== ownPort)) return false;
    return hostname === bare || hostname.endsWith(`.${bare}`);
  });
}
