#include "wide.h"

#if defined(__x86_64__)
#include <immintrin.h>

// SHA-1 of sixteen messages in the plain instructions of 512-bit registers: a word of each message in
// one register. On a core that runs two such instructions at a time it is 1.4 times as fast as the SHA
// extensions, which are one unit that four messages keep busy. SHA-256 has more steps, and is not.
#define WIDE __attribute__((target("avx512f,avx512bw")))
#define INLINE static inline __attribute__((always_inline))

bool shoal_has_wide_lanes(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

// A row of each message becomes a column: word n of all messages in register n.
WIDE INLINE void transpose(__m512i rows[16]) {
  __m512i half[16];
  for (int n = 0; n < 16; n += 2) {
    half[n] = _mm512_unpacklo_epi32(rows[n], rows[n + 1]);
    half[n + 1] = _mm512_unpackhi_epi32(rows[n], rows[n + 1]);
  }
  for (int n = 0; n < 16; n += 4) {
    rows[n] = _mm512_unpacklo_epi64(half[n], half[n + 2]);
    rows[n + 1] = _mm512_unpackhi_epi64(half[n], half[n + 2]);
    rows[n + 2] = _mm512_unpacklo_epi64(half[n + 1], half[n + 3]);
    rows[n + 3] = _mm512_unpackhi_epi64(half[n + 1], half[n + 3]);
  }
  for (int n = 0; n < 4; n++) {
    half[n] = _mm512_shuffle_i32x4(rows[n], rows[n + 4], 0x88);
    half[n + 4] = _mm512_shuffle_i32x4(rows[n], rows[n + 4], 0xdd);
    half[n + 8] = _mm512_shuffle_i32x4(rows[n + 8], rows[n + 12], 0x88);
    half[n + 12] = _mm512_shuffle_i32x4(rows[n + 8], rows[n + 12], 0xdd);
  }
  for (int n = 0; n < 8; n++) {
    rows[n] = _mm512_shuffle_i32x4(half[n], half[n + 8], 0x88);
    rows[n + 8] = _mm512_shuffle_i32x4(half[n], half[n + 8], 0xdd);
  }
}

WIDE INLINE void load(__m512i words[16], const uint8_t *const *messages, size_t offset) {
  const __m512i big_endian =
      _mm512_broadcast_i32x4(_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
  for (int lane = 0; lane < 16; lane++)
    words[lane] = _mm512_shuffle_epi8(_mm512_loadu_si512(messages[lane] + offset), big_endian);
  transpose(words);
}

// The functions of RFC 3174, 5, as tables of what three bits come to.
WIDE INLINE __m512i chosen(__m512i b, __m512i c, __m512i d, int round) {
  switch (round / 20) {
    case 0: return _mm512_ternarylogic_epi32(b, c, d, 0xca);
    case 2: return _mm512_ternarylogic_epi32(b, c, d, 0xe8);
    default: return _mm512_ternarylogic_epi32(b, c, d, 0x96);
  }
}

WIDE void shoal_sha1_wide(
    uint32_t *states, const void *const *messages, int lanes, size_t blocks) {
  static const int constants[4] = {0x5a827999, 0x6ed9eba1, (int)0x8f1bbcdc, (int)0xca62c1d6};
  // Lanes that nobody asked for repeat the first, and are not stored.
  const uint8_t *next[16];
  uint32_t columns[5][16] __attribute__((aligned(64)));
  for (int lane = 0; lane < 16; lane++) {
    const int source = lane < lanes ? lane : 0;
    next[lane] = messages[source];
    for (int word = 0; word < 5; word++) columns[word][lane] = states[5 * source + word];
  }
  __m512i state[5];
  for (int word = 0; word < 5; word++) state[word] = _mm512_load_si512(columns[word]);
  for (size_t block = 0; block < blocks; block++) {
    __m512i w[16];
    load(w, next, 64 * block);
    __m512i a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    _Pragma("clang loop unroll(full)") for (int round = 0; round < 80; round++) {
      __m512i *word = &w[round & 15];
      if (round >= 16) {
        const __m512i mixed = _mm512_ternarylogic_epi32(
            w[(round + 13) & 15], w[(round + 8) & 15], w[(round + 2) & 15], 0x96);
        *word = _mm512_rol_epi32(_mm512_xor_si512(mixed, *word), 1);
      }
      const __m512i addend = _mm512_add_epi32(
          _mm512_add_epi32(e, _mm512_set1_epi32(constants[round / 20])), *word);
      const __m512i sum = _mm512_add_epi32(
          _mm512_add_epi32(_mm512_rol_epi32(a, 5), chosen(b, c, d, round)), addend);
      e = d, d = c, c = _mm512_rol_epi32(b, 30), b = a, a = sum;
    }
    const __m512i worked[5] = {a, b, c, d, e};
    for (int word = 0; word < 5; word++) state[word] = _mm512_add_epi32(state[word], worked[word]);
  }
  for (int word = 0; word < 5; word++) {
    _mm512_store_si512(columns[word], state[word]);
    for (int lane = 0; lane < lanes; lane++) states[5 * lane + word] = columns[word][lane];
  }
}

#else

bool shoal_has_wide_lanes(void) { return false; }

void shoal_sha1_wide(
    uint32_t *states, const void *const *messages, int lanes, size_t blocks) {
  (void)states, (void)messages, (void)lanes, (void)blocks;
  __builtin_trap();
}

#endif
