/* Sieve of Eratosthenes over 1,000,000 bytes: one store per step. */
#include "kernel.h"

enum { limit = 1000000 };
static uint8_t composite[limit + 1];

ROUND uint32_t sieve(uint32_t seed) {
  uint32_t primes = 0;
  __builtin_memset(composite, 0, sizeof composite);
  for (uint32_t number = 2; number <= limit; number++) {
    if (composite[number]) continue;
    primes += number ^ (seed & 1);
    if (number > 1000) continue;
    for (uint32_t multiple = number * number; multiple <= limit; multiple += number) composite[multiple] = 1;
  }
  return primes;
}

EXPORT(run) uint32_t run(uint32_t rounds) {
  uint32_t hash = 2166136261u;
  for (uint32_t round = 0; round < rounds; round++) hash = mix(hash, sieve(hash));
  return hash;
}
