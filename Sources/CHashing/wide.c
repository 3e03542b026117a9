#include <limits.h>

#include "CHashing.h"
#include "constants.h"

#if defined(__x86_64__)
#include <immintrin.h>

// Sixteen messages in the plain instructions of 512-bit registers: a word of each message in one
// register.
#define WIDE __attribute__((target("avx512f,avx512bw")))
#define INLINE static inline __attribute__((always_inline))

bool shoal_has_wide_registers(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

// The SHA extensions are faster on AMD's processors than on Intel's, which lose more by them. On Intel's it
// was measured with one message more at a time when these won, on AMD's with sixteen (and for SHA-1 twelve);
// where there are no extensions it is reckoned from the rate of OpenSSL's digests without them
// (Benchmarks/profile.md). Processors of other makers are taken for AMD's.
static int fewest(int on_intel, int on_amd, int without_extensions) {
  if (!shoal_has_wide_registers()) return INT_MAX;
  if (!shoal_has_sha_extensions()) return without_extensions;
  return __builtin_cpu_is("intel") ? on_intel : on_amd;
}

int shoal_fewest_wide_sha1(void) { return fewest(5, 12, 3); }

int shoal_fewest_wide_sha256(void) { return fewest(9, INT_MAX, 2); }

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

// States as they are stored, a message's words together, and as they are worked on, a word of each in a
// register. Lanes that nobody asked for repeat the first, and are not stored.
WIDE INLINE void gather(
    __m512i *state, int words, const uint8_t *next[16], const uint32_t *states,
    const void *const *messages, int lanes) {
  uint32_t columns[8][16] __attribute__((aligned(64)));
  for (int lane = 0; lane < 16; lane++) {
    const int source = lane < lanes ? lane : 0;
    next[lane] = messages[source];
    for (int word = 0; word < words; word++) columns[word][lane] = states[words * source + word];
  }
  for (int word = 0; word < words; word++) state[word] = _mm512_load_si512(columns[word]);
}

WIDE INLINE void scatter(const __m512i *state, int words, uint32_t *states, int lanes) {
  uint32_t column[16] __attribute__((aligned(64)));
  for (int word = 0; word < words; word++) {
    _mm512_store_si512(column, state[word]);
    for (int lane = 0; lane < lanes; lane++) states[words * lane + word] = column[lane];
  }
}

// What three bits come to, by the tables of the functions of RFC 3174, 5 and RFC 6234, 5.1.
#define CHOICE(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0xca)
#define MAJORITY(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0xe8)
#define PARITY(x, y, z) _mm512_ternarylogic_epi32(x, y, z, 0x96)
#define ADD _mm512_add_epi32
#define ROTATE_RIGHT _mm512_ror_epi32

WIDE INLINE __m512i sha1_function(__m512i b, __m512i c, __m512i d, int round) {
  switch (round / 20) {
    case 0: return CHOICE(b, c, d);
    case 2: return MAJORITY(b, c, d);
    default: return PARITY(b, c, d);
  }
}

WIDE void shoal_sha1_wide(
    uint32_t *states, const void *const *messages, int lanes, size_t blocks) {
  static const int constants[4] = {0x5a827999, 0x6ed9eba1, (int)0x8f1bbcdc, (int)0xca62c1d6};
  const uint8_t *next[16];
  __m512i state[5];
  gather(state, 5, next, states, messages, lanes);
  for (size_t block = 0; block < blocks; block++) {
    __m512i w[16];
    load(w, next, 64 * block);
    __m512i a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    _Pragma("clang loop unroll(full)") for (int round = 0; round < 80; round++) {
      __m512i *word = &w[round & 15];
      if (round >= 16) {
        const __m512i mixed =
            PARITY(w[(round + 13) & 15], w[(round + 8) & 15], w[(round + 2) & 15]);
        *word = _mm512_rol_epi32(_mm512_xor_si512(mixed, *word), 1);
      }
      const __m512i addend = ADD(ADD(e, _mm512_set1_epi32(constants[round / 20])), *word);
      const __m512i sum =
          ADD(ADD(_mm512_rol_epi32(a, 5), sha1_function(b, c, d, round)), addend);
      e = d, d = c, c = _mm512_rol_epi32(b, 30), b = a, a = sum;
    }
    const __m512i worked[5] = {a, b, c, d, e};
    for (int word = 0; word < 5; word++) state[word] = ADD(state[word], worked[word]);
  }
  scatter(state, 5, states, lanes);
}

WIDE void shoal_sha256_wide(
    uint32_t *states, const void *const *messages, int lanes, size_t blocks) {
  const uint8_t *next[16];
  __m512i state[8];
  gather(state, 8, next, states, messages, lanes);
  for (size_t block = 0; block < blocks; block++) {
    __m512i w[16];
    load(w, next, 64 * block);
    __m512i a = state[0], b = state[1], c = state[2], d = state[3];
    __m512i e = state[4], f = state[5], g = state[6], h = state[7];
    _Pragma("clang loop unroll(full)") for (int round = 0; round < 64; round++) {
      __m512i *word = &w[round & 15];
      if (round >= 16) {
        const __m512i x = w[(round + 1) & 15], y = w[(round + 14) & 15];
        const __m512i early =
            PARITY(ROTATE_RIGHT(x, 7), ROTATE_RIGHT(x, 18), _mm512_srli_epi32(x, 3));
        const __m512i late =
            PARITY(ROTATE_RIGHT(y, 17), ROTATE_RIGHT(y, 19), _mm512_srli_epi32(y, 10));
        *word = ADD(ADD(*word, early), ADD(w[(round + 9) & 15], late));
      }
      const __m512i rotated_e =
          PARITY(ROTATE_RIGHT(e, 6), ROTATE_RIGHT(e, 11), ROTATE_RIGHT(e, 25));
      const __m512i rotated_a =
          PARITY(ROTATE_RIGHT(a, 2), ROTATE_RIGHT(a, 13), ROTATE_RIGHT(a, 22));
      const __m512i constant = _mm512_set1_epi32((int)sha256_constants[round]);
      const __m512i sum =
          ADD(ADD(ADD(h, constant), *word), ADD(rotated_e, CHOICE(e, f, g)));
      const __m512i other = ADD(rotated_a, MAJORITY(a, b, c));
      h = g, g = f, f = e, e = ADD(d, sum), d = c, c = b, b = a, a = ADD(sum, other);
    }
    const __m512i worked[8] = {a, b, c, d, e, f, g, h};
    for (int word = 0; word < 8; word++) state[word] = ADD(state[word], worked[word]);
  }
  scatter(state, 8, states, lanes);
}

#else

bool shoal_has_wide_registers(void) { return false; }

int shoal_fewest_wide_sha1(void) { return INT_MAX; }

int shoal_fewest_wide_sha256(void) { return INT_MAX; }

void shoal_sha1_wide(
    uint32_t *states, const void *const *messages, int lanes, size_t blocks) {
  (void)states, (void)messages, (void)lanes, (void)blocks;
  __builtin_trap();
}

void shoal_sha256_wide(
    uint32_t *states, const void *const *messages, int lanes, size_t blocks) {
  (void)states, (void)messages, (void)lanes, (void)blocks;
  __builtin_trap();
}

#endif
