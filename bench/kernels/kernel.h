/*
 * What every kernel of bench:metering shares. A kernel is freestanding and exports `run(rounds)`, which works that often
 * and returns a checksum of everything that it computed. Rounds call a function that is not inlined: an engine
 * replaces slow code by fast code at a call.
 */
#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(#name)))
#define ROUND __attribute__((noinline)) static

static inline uint32_t next_random(uint32_t *state) {
  uint32_t x = *state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *state = x;
}

static inline uint32_t mix(uint32_t hash, uint32_t value) {
  return (hash ^ value) * 16777619u;
}

static inline uint32_t mix_double(uint32_t hash, double value) {
  union { double value; uint64_t bits; } both = {.value = value};
  return mix(mix(hash, (uint32_t)both.bits), (uint32_t)(both.bits >> 32));
}
