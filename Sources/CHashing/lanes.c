#include "CHashing.h"

#if defined(__x86_64__)
#include <immintrin.h>

// The SHA extensions of x86: four rounds an instruction, whose result the next one needs. What is
// done to one lane is done to all before the next step, in loops that are unrolled by their constant
// bounds, so that instructions of different lanes are in flight together. Five states, four words of
// schedule: four lanes spill some registers, and are still 2.4 times as fast as one.
#define SHA __attribute__((target("sha,ssse3,sse4.1")))
#define EACH_LANE _Pragma("clang loop unroll(full)") for (int lane = 0; lane < lanes; lane++)

bool shoal_has_hash_lanes(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("sha") && __builtin_cpu_supports("ssse3") &&
         __builtin_cpu_supports("sse4.1");
}

// Four rounds; their function and constant change every twenty (RFC 3174, 5).
SHA static inline __attribute__((always_inline)) __m128i sha1_rounds(
    __m128i abcd, __m128i e, int group) {
  switch (group / 5) {
    case 0: return _mm_sha1rnds4_epu32(abcd, e, 0);
    case 1: return _mm_sha1rnds4_epu32(abcd, e, 1);
    case 2: return _mm_sha1rnds4_epu32(abcd, e, 2);
    default: return _mm_sha1rnds4_epu32(abcd, e, 3);
  }
}

SHA static inline __attribute__((always_inline)) void sha1(
    uint32_t *states, const void *const *messages, const int lanes, size_t blocks) {
  const __m128i big_endian = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
  __m128i abcd[SHOAL_HASH_LANES], e[SHOAL_HASH_LANES], before[SHOAL_HASH_LANES];
  __m128i words[SHOAL_HASH_LANES][4];
  const __m128i *next[SHOAL_HASH_LANES];
  EACH_LANE {
    const uint32_t *state = states + 5 * lane;
    abcd[lane] = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0x1b);
    e[lane] = _mm_set_epi32((int)state[4], 0, 0, 0);
    next[lane] = messages[lane];
  }
  for (; blocks; blocks--) {
    __m128i first_abcd[SHOAL_HASH_LANES], first_e[SHOAL_HASH_LANES];
    EACH_LANE {
      first_abcd[lane] = abcd[lane];
      first_e[lane] = e[lane];
    }
    _Pragma("clang loop unroll(full)") for (int group = 0; group < 20; group++) {
      EACH_LANE {
        __m128i *w = words[lane], word;
        if (group < 4) {
          word = _mm_shuffle_epi8(_mm_loadu_si128(next[lane] + group), big_endian);
        } else {
          word = _mm_sha1msg1_epu32(w[group & 3], w[(group + 1) & 3]);
          word = _mm_xor_si128(word, w[(group + 2) & 3]);
          word = _mm_sha1msg2_epu32(word, w[(group + 3) & 3]);
        }
        w[group & 3] = word;
        const __m128i addend =
            group ? _mm_sha1nexte_epu32(before[lane], word) : _mm_add_epi32(e[lane], word);
        before[lane] = abcd[lane];
        abcd[lane] = sha1_rounds(abcd[lane], addend, group);
      }
    }
    EACH_LANE {
      e[lane] = _mm_sha1nexte_epu32(before[lane], first_e[lane]);
      abcd[lane] = _mm_add_epi32(abcd[lane], first_abcd[lane]);
      next[lane] += 4;
    }
  }
  EACH_LANE {
    uint32_t *state = states + 5 * lane;
    _mm_storeu_si128((__m128i *)state, _mm_shuffle_epi32(abcd[lane], 0x1b));
    state[4] = (uint32_t)_mm_extract_epi32(e[lane], 3);
  }
}

SHA void shoal_sha1_lanes(
    uint32_t *states, const void *const *messages, int lanes, size_t blocks) {
  switch (lanes) {
    case 1: sha1(states, messages, 1, blocks); break;
    case 2: sha1(states, messages, 2, blocks); break;
    case 3: sha1(states, messages, 3, blocks); break;
    default: sha1(states, messages, 4, blocks); break;
  }
}

#else

bool shoal_has_hash_lanes(void) { return false; }

void shoal_sha1_lanes(
    uint32_t *states, const void *const *messages, int lanes, size_t blocks) {
  (void)states, (void)messages, (void)lanes, (void)blocks;
  __builtin_trap();
}

#endif
