/* Copies of many lengths with memory.copy and memory.fill, and byte and word loops beside them. */
#include "kernel.h"

enum { bytes = 1 << 18 };
static uint8_t from[bytes], to[bytes];

static void copy_bytes(uint8_t *target, const uint8_t *source, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    target[i] = source[i];
    __asm__ volatile("" ::: "memory"); /* stays a loop */
  }
}

static void copy_words(uint8_t *target, const uint8_t *source, uint32_t count) {
  uint64_t *words = (uint64_t *)target;
  const uint64_t *read = (const uint64_t *)source;
  for (uint32_t i = 0; i < count / 8; i++) {
    words[i] = read[i] + i;
    __asm__ volatile("" ::: "memory");
  }
}

ROUND uint32_t copy_once(uint32_t seed) {
  uint32_t random = seed | 1, hash = 2166136261u;
  for (int i = 0; i < 200; i++) {
    uint32_t length = next_random(&random) % (1u << (3 + i % 10)) + 1;
    uint32_t source = next_random(&random) % (bytes - length), target = next_random(&random) % (bytes - length);
    __builtin_memcpy(to + target, from + source, length);
    __builtin_memmove(from + target, from + source, length);
    if ((i & 7) == 0) __builtin_memset(to + source, i, length);
    hash = mix(hash, to[target] + from[source + length - 1]);
  }
  copy_bytes(to + seed % 1000, from, 12000);
  copy_words(to, from + seed % 1000 / 8 * 8, 100000);
  __builtin_memcpy(from, to, bytes / 2);
  return mix(hash, to[seed % bytes]);
}

EXPORT(run) uint32_t run(uint32_t rounds) {
  uint32_t random = 521288629, hash = 1;
  for (uint32_t i = 0; i < bytes; i++) from[i] = (uint8_t)next_random(&random), to[i] = 0;
  for (uint32_t round = 0; round < rounds; round++) hash = copy_once(hash);
  return hash;
}
