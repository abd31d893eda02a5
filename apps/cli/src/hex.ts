/** Bytes as people read digests. */

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
