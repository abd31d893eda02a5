/**
 * Runs a script in a headless Chromium and hands back what it posts. The page is served on loopback, because WebCrypto
 * is there only for secure contexts; the browser has a profile of its own, which is removed.
 */

import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const chromiumPackage = "chromium-headless-shell";
const programs = [chromiumPackage, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const waitMs = 60_000;

/** The program of `WASM_ENGINE_CHROMIUM`, else the first one on the path that answers; undefined: there is none. */
export function installedChromium(): string | undefined {
  const chosen = process.env["WASM_ENGINE_CHROMIUM"];
  const candidates = chosen === undefined ? programs : [chosen];
  return candidates.find((program) => spawnSync(program, ["--version"], { timeout: 20_000 }).status === 0);
}

/**
 * @param script defines what `expression` calls
 * @param expression a promise; its value is posted as JSON
 */
export async function runInChromium(program: string, script: string, expression: string): Promise<unknown> {
  const page = `<!doctype html><script>${script.replaceAll("</script", "<\\/script")}</script>
<script>const post = (value) => fetch("/", { method: "POST", body: JSON.stringify(value) });
(async () => ${expression})().then(post, (error) => post({ failed: String(error) }));</script>`;
  const { server, posted } = await serve(page);
  const profile = mkdtempSync(join(tmpdir(), "wasm-engine-chromium-"));
  const browser = open(program, profile, (server.address() as AddressInfo).port); // it listens on a port
  const failed = new Promise<never>((_, reject) => {
    browser.once("error", reject);
    browser.once("exit", (code) => reject(new Error(`the browser ended with ${code} and said nothing`)));
  });
  const timer = setTimeout(() => browser.kill("SIGKILL"), waitMs);
  try {
    return JSON.parse(await Promise.race([posted, failed])) as unknown;
  } finally {
    clearTimeout(timer);
    failed.catch(() => undefined);
    const gone = new Promise<void>((resolve) => browser.once("close", () => resolve()));
    if (browser.exitCode === null && browser.kill("SIGKILL")) await gone;
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function open(program: string, profile: string, port: number): ChildProcess {
  const isRoot = process.getuid?.() === 0;
  const flags = ["--headless", "--disable-gpu", `--user-data-dir=${profile}`, "--remote-debugging-port=0"];
  if (isRoot) flags.push("--no-sandbox");
  return spawn(program, [...flags, `http://127.0.0.1:${port}/`], { stdio: "ignore" });
}

/** Serves the page, and what is posted back first. */
async function serve(page: string): Promise<{ readonly server: Server; readonly posted: Promise<string> }> {
  const server = createServer();
  const posted = new Promise<string>((resolve) => {
    server.on("request", (request, response) => {
      if (request.method !== "POST") {
        response.setHeader("content-type", "text/html");
        response.end(page);
        return;
      }
      let text = "";
      request.setEncoding("utf8").on("data", (part: string) => (text += part));
      request.on("end", () => {
        response.end();
        resolve(text);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, posted };
}
