#include "CHashing.h"

#include "constants.h"

#if defined(__x86_64__)
#include <immintrin.h>

// The SHA extensions of x86: four rounds an instruction, whose result the next one needs. What is
// done to one lane is done to all before the next step, in loops that are unrolled by their constant
// bounds, so that instructions of different lanes are in flight together. Four lanes spill some
// registers, and are on AMD's processors still more than twice as fast as one.
#define SHA __attribute__((target("sha,ssse3,sse4.1")))
#define EACH_LANE _Pragma("clang loop unroll(full)") for (int lane = 0; lane < lanes; lane++)

bool shoal_has_sha_extensions(void) {
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
  __m128i abcd[SHOAL_NARROW_LANES], e[SHOAL_NARROW_LANES], before[SHOAL_NARROW_LANES];
  __m128i words[SHOAL_NARROW_LANES][4];
  const __m128i *next[SHOAL_NARROW_LANES];
  EACH_LANE {
    const uint32_t *state = states + 5 * lane;
    abcd[lane] = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0x1b);
    e[lane] = _mm_set_epi32((int)state[4], 0, 0, 0);
    next[lane] = messages[lane];
  }
  for (; blocks; blocks--) {
    __m128i first_abcd[SHOAL_NARROW_LANES], first_e[SHOAL_NARROW_LANES];
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

SHA void shoal_sha1_narrow(
    uint32_t *states, const void *const *messages, int lanes, size_t blocks) {
  switch (lanes) {
    case 1: sha1(states, messages, 1, blocks); break;
    case 2: sha1(states, messages, 2, blocks); break;
    case 3: sha1(states, messages, 3, blocks); break;
    default: sha1(states, messages, 4, blocks); break;
  }
}

// The instructions keep the state as a, b, e, f and c, d, g, h, the first word highest.
SHA static inline __attribute__((always_inline)) void sha256(
    uint32_t *states, const void *const *messages, const int lanes, size_t blocks) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i abef[SHOAL_NARROW_LANES], cdgh[SHOAL_NARROW_LANES], words[SHOAL_NARROW_LANES][4];
  const __m128i *next[SHOAL_NARROW_LANES];
  EACH_LANE {
    const uint32_t *s = states + 8 * lane;
    abef[lane] = _mm_set_epi32((int)s[0], (int)s[1], (int)s[4], (int)s[5]);
    cdgh[lane] = _mm_set_epi32((int)s[2], (int)s[3], (int)s[6], (int)s[7]);
    next[lane] = messages[lane];
  }
  for (; blocks; blocks--) {
    __m128i first_abef[SHOAL_NARROW_LANES], first_cdgh[SHOAL_NARROW_LANES];
    EACH_LANE {
      first_abef[lane] = abef[lane];
      first_cdgh[lane] = cdgh[lane];
    }
    _Pragma("clang loop unroll(full)") for (int group = 0; group < 16; group++) {
      const __m128i constants = _mm_load_si128((const __m128i *)sha256_constants + group);
      EACH_LANE {
        __m128i *w = words[lane], word;
        if (group < 4) {
          word = _mm_shuffle_epi8(_mm_loadu_si128(next[lane] + group), big_endian);
        } else {
          word = _mm_sha256msg1_epu32(w[group & 3], w[(group + 1) & 3]);
          word = _mm_add_epi32(word, _mm_alignr_epi8(w[(group + 3) & 3], w[(group + 2) & 3], 4));
          word = _mm_sha256msg2_epu32(word, w[(group + 3) & 3]);
        }
        w[group & 3] = word;
        const __m128i addend = _mm_add_epi32(word, constants);
        cdgh[lane] = _mm_sha256rnds2_epu32(cdgh[lane], abef[lane], addend);
        abef[lane] =
            _mm_sha256rnds2_epu32(abef[lane], cdgh[lane], _mm_shuffle_epi32(addend, 0x0e));
      }
    }
    EACH_LANE {
      abef[lane] = _mm_add_epi32(abef[lane], first_abef[lane]);
      cdgh[lane] = _mm_add_epi32(cdgh[lane], first_cdgh[lane]);
      next[lane] += 4;
    }
  }
  EACH_LANE {
    uint32_t *s = states + 8 * lane;
    const int from[4] = {0, 1, 4, 5};
    uint32_t high[4], low[4];
    _mm_storeu_si128((__m128i *)high, _mm_shuffle_epi32(abef[lane], 0x1b));
    _mm_storeu_si128((__m128i *)low, _mm_shuffle_epi32(cdgh[lane], 0x1b));
    for (int n = 0; n < 4; n++) {
      s[from[n]] = high[n];
      s[from[n] + 2] = low[n];
    }
  }
}

SHA void shoal_sha256_narrow(
    uint32_t *states, const void *const *messages, int lanes, size_t blocks) {
  switch (lanes) {
    case 1: sha256(states, messages, 1, blocks); break;
    case 2: sha256(states, messages, 2, blocks); break;
    case 3: sha256(states, messages, 3, blocks); break;
    default: sha256(states, messages, 4, blocks); break;
  }
}

#else

bool shoal_has_sha_extensions(void) { return false; }

void shoal_sha1_narrow(
    uint32_t *states, const void *const *messages, int lanes, size_t blocks) {
  (void)states, (void)messages, (void)lanes, (void)blocks;
  __builtin_trap();
}

void shoal_sha256_narrow(
    uint32_t *states, const void *const *messages, int lanes, size_t blocks) {
  (void)states, (void)messages, (void)lanes, (void)blocks;
  __builtin_trap();
}

#endif
