/** Error codes are a contract: the catalogue holds exactly those that sources raise, with the exit codes promised. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { commands, errorCatalogue } from "wasm-engine";
import { repositoryFiles } from "./tidy/source-tree.js";

const catalogue = errorCatalogue();
const production = repositoryFiles().filter(
  ({ path }) =>
    /^(packages\/[^/]+|apps\/[^/]+|sdk\/javascript)\/src\/.*\.ts$/.test(path) &&
    !/\.test\.ts$|\/testing\//.test(path),
);

/** Codes by file that mention them; `"…"` counts as raising, a row of a table does not. */
function mentions(pattern: RegExp): Map<string, string> {
  const found = new Map<string, string>();
  for (const file of production)
    for (const [, code = ""] of file.text().matchAll(pattern)) found.set(code, file.path);
  return found;
}

test("[G10] every code that a source mentions is in the catalogue, once", () => {
  const known = new Set(catalogue.map(({ code }) => code));
  assert.equal(known.size, catalogue.length, "no two tables hold the same code");
  const mentioned = mentions(/\b(WE_[A-Z0-9]+(?:_[A-Z0-9]+)+)\b/g);
  assert.ok(mentioned.size >= known.size);
  const strangers = [...mentioned].filter(([code]) => !known.has(code));
  assert.deepEqual(strangers, [], "a code without a row has no page and no exit code");
});

test("[G10] every code of the catalogue is raised somewhere", () => {
  const raised = mentions(/"(WE_[A-Z0-9_]+)"/g);
  const idle = catalogue.filter(({ code }) => !raised.has(code)).map(({ code, area }) => `${area} ${code}`);
  assert.deepEqual(idle, [], "a code that nothing raises misleads its readers");
});

test("[G10] every code says what happened, what to do and why, in the grammar of messages", () => {
  for (const { code, message, hint, explanation, area } of catalogue) {
    assert.match(message, /^[A-Z{<"].*[^.]$/s, `${code}: sentence case, no final full stop`);
    for (const text of [message, hint]) {
      assert.doesNotMatch(text, /\b(?:can't|don't|doesn't|isn't|won't|it's)\b/i, `${code}: no contraction`);
    }
    assert.ok(hint.length >= 8 || /^\{\w+\}$/.test(hint), `${code}: a hint says what to do`);
    assert.match(explanation, /^[A-Z`].{20,}\.$/s, `${code}: an explanation is made of sentences`);
    assert.ok(
      production.some(({ path }) => path.startsWith(`${area}/src/`)),
      `${code}: ${area} is a folder`,
    );
  }
});

test("[G10] hints and explanations name verbs that exist", () => {
  const verbs = new Set(commands.map(({ name }) => name));
  const strangers = catalogue.flatMap(({ code, hint, explanation }) =>
    [...`${hint} ${explanation}`.matchAll(/(?:: |`)wasm-engine ([a-z][a-z-]*)/g)]
      .filter(([, verb = ""]) => !verbs.has(verb))
      .map(([, verb = ""]) => `${code}: wasm-engine ${verb}`),
  );
  assert.deepEqual(strangers, []);
});

/** Exit codes with one meaning, and the codes that have it. Everything else is 1, 2 or 4. */
const meanings: readonly (readonly [number, string, RegExp])[] = [
  [70, "defect or death of a process", /^WE_INTERNAL_|^WE_CLI_UNHANDLED$|^WE_WORLD_DIED$|^WE_FOLLOWER_LOST$/],
  [130, "interrupted", /_INTERRUPTED(_EARLY)?$|_ABORTED$/],
  [
    5,
    "limit exceeded",
    /_SIZE$|_LIMIT$|_TOO_MANY$|^WE_WORLD_INPUTS_FULL$|^WE_INPUT_UNSORTED$|^WE_CONTROL_(BUSY|CONNECTIONS)$/,
  ],
  [
    3,
    "damage, divergence or failed verification",
    new RegExp(
      [
        "_DAMAGED$|_DIVERGED$|_DIGEST_MISMATCH$|_PINNED$|_CHANGED$",
        "^WE_SIGNATURE_(INVALID|MISSING|THRESHOLD|UNTRUSTED)$",
        "^WE_CBOR_MALFORMED$|^WE_CODEC_SHAPE$|^WE_WORLD_STATE$|^WE_EXECUTOR_IMAGE$|^WE_FORK_PLAN$",
        "^WE_OUTPUT_(FOREIGN|SHORT)$",
      ].join("|"),
    ),
  ],
];

test("[G10] exit codes mean one thing each", () => {
  for (const { code, exitCode } of catalogue) {
    const meant = meanings.find(([, , pattern]) => pattern.test(code));
    if (meant === undefined) assert.ok([1, 2, 4].includes(exitCode), `${code} has exit code ${exitCode}`);
    else assert.equal(exitCode, meant[0], `${code}: ${meant[1]}`);
  }
});

test("[G10] what a user wrote wrongly is 2, what the machine refuses is 4", () => {
  for (const { code, exitCode } of catalogue) {
    if (/_READ$|_WRITE$|_OPEN$|_UNWRITABLE$|_LOCKED$|^WE_CLI_NODE_VERSION$|_TOOL_MISSING$/.test(code))
      assert.equal(exitCode, 4, code);
    if (/^WE_CONFIG_|^WE_AGENT_|^WE_CLI_(USAGE|UNKNOWN)|_UNKNOWN_?(RUN|CODE)?$|_AMBIGUOUS$/.test(code))
      assert.ok([2, 4, 5].includes(exitCode) || /^WE_MODULE_/.test(code), code);
  }
});
