/**
 * The frame that snapshots and packs of pages have in common. What the index and the rest mean is theirs.
 *
 *   0   8    magic
 *   8   u32  version
 *   12  u32  bytes of the index
 *   16       index: canonical CBOR, then the rest
 *   end-32   SHA-256 of everything before
 */

import { coreError } from "../errors.js";
import type { Hasher } from "../ports.js";
import { decodeCanonical, encodeCanonical, equalBytes } from "./cbor.js";
import { digestBytes } from "./commit-codec.js";
import { decodeShape, encodeShape, type Shape } from "./shape.js";

/** One kind of container in one version. */
export interface ContainerKind<Index> {
  /** What it is called in errors: `snapshot`. */
  readonly name: string;
  /** 8 bytes. */
  readonly magic: Uint8Array;
  readonly version: number;
  readonly index: Shape<Index>;
}

export interface SealedContainer {
  /** The container as parts to be stored one after the other; large ones are not copied. */
  readonly parts: readonly Uint8Array[];
  readonly digest: Uint8Array;
}

export interface OpenedContainer<Index> {
  readonly index: Index;
  /** What lies between index and digest. Aliases the container. */
  readonly rest: Uint8Array;
  readonly digest: Uint8Array;
}

const headerBytes = 16;

export function sealContainer<Index>(
  hasher: Hasher,
  kind: ContainerKind<Index>,
  content: { readonly index: Index; readonly rest: readonly Uint8Array[] },
): SealedContainer {
  const index = encodeCanonical(encodeShape(kind.index, kind.name, content.index));
  const header = new Uint8Array(headerBytes);
  header.set(kind.magic, 0);
  const view = new DataView(header.buffer);
  view.setUint32(8, kind.version, true);
  view.setUint32(12, index.length, true);
  const parts = [header, index, ...content.rest];
  const digest = hasher.sha256(...parts);
  return { parts: [...parts, digest], digest };
}

/** Version of a container of this kind. @throws {WE_SNAPSHOT_DAMAGED} where it is of none */
export function containerVersion(
  kind: Pick<ContainerKind<unknown>, "name" | "magic">,
  bytes: Uint8Array,
): number {
  const isKind = equalBytes(bytes.subarray(0, kind.magic.length), kind.magic);
  if (bytes.length < headerBytes + digestBytes || !isKind) throw damaged(`it is not a ${kind.name}`);
  return viewOf(bytes).getUint32(8, true);
}

/** @throws {WE_SNAPSHOT_DAMAGED} */
export function openContainer<Index>(
  hasher: Hasher,
  kind: ContainerKind<Index>,
  bytes: Uint8Array,
): OpenedContainer<Index> {
  const found = containerVersion(kind, bytes);
  if (found !== kind.version) {
    throw damaged(`its format version is ${found}, and this program reads ${kind.version}`);
  }
  const body = bytes.subarray(0, bytes.length - digestBytes);
  const digest = hasher.sha256(body);
  if (!equalBytes(digest, bytes.subarray(body.length))) throw damaged("its digest does not fit its bytes");
  const end = headerBytes + viewOf(body).getUint32(12, true);
  if (end > body.length) throw damaged("its index is longer than the file");
  const index = decodeShape(kind.index, kind.name, decodeCanonical(body.subarray(headerBytes, end)));
  return { index, rest: body.subarray(end), digest };
}

export function damaged(reason: string): Error {
  return coreError("WE_SNAPSHOT_DAMAGED", { reason });
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
