/** `keygen`: a pair of Ed25519 keys as two files. */

import { statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { generateKeyFiles } from "@wasm-engine/engine";
import type { KeyPairPlace } from "@wasm-engine/engine";
import type { CommandFunction, Parsed } from "../command.js";
import { textOption } from "../command.js";
import { usageError } from "../errors.js";

const defaultName = "signing";
const secretExtension = ".key";
const publicExtension = ".pub";

export const keygen: CommandFunction = async ({ parsed }) => {
  const key = await generateKeyFiles(placeOf(parsed));
  const { keyId, publicKey, secretPath, publicPath } = key;
  return {
    document: { keyId, publicKey, secretKeyFile: secretPath, publicKeyFile: publicPath },
    text: [
      `key id      ${keyId}`,
      `public key  ${publicKey}`,
      `public      ${publicPath}  (for trust.keys, and for those who verify)`,
      `secret      ${secretPath}  (mode 0600: keep it, back it up, do not commit it)`,
    ].join("\n"),
  };
};

/** `--out` names the secret key's file where it ends in .key, else a folder. */
function placeOf(parsed: Parsed): KeyPairPlace {
  const name = textOption(parsed, "name");
  const out = textOption(parsed, "out");
  if (out !== undefined && extname(out) === secretExtension && !isFolder(out)) {
    if (name !== undefined)
      throw usageError("keygen", "--name cannot be combined with an --out that names a file");
    return pair(dirname(resolve(out)), basename(out, secretExtension));
  }
  const plain = name ?? defaultName;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(plain)) {
    const came = JSON.stringify(plain);
    throw usageError("keygen", `--name takes letters, digits, dots, underscores and hyphens, not ${came}`);
  }
  return pair(resolve(out ?? "."), plain);
}

function pair(folder: string, name: string): KeyPairPlace {
  return {
    secretPath: join(folder, `${name}${secretExtension}`),
    publicPath: join(folder, `${name}${publicExtension}`),
  };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
