// Digests of several messages at once, in the vector registers of one core.
//
// SHA-1 and SHA-256 are chains of dependent instructions: a core that hashes one message waits for
// most of the time. The same instructions for other messages fill the gaps.
#ifndef SHOAL_CHASHING_H
#define SHOAL_CHASHING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHOAL_HASH_LANES = 4 };

/// Whether this processor has the instructions that the functions below consist of.
bool shoal_has_hash_lanes(void);

/// Messages that are hashed fastest side by side by SHA-1: a multiple of SHOAL_HASH_LANES.
int shoal_widest_sha1(void);

/// Takes `blocks` blocks of 64 bytes of each of 1 to shoal_widest_sha1() messages into their states,
/// of five words each (RFC 3174, 6.1). Must be called only where shoal_has_hash_lanes().
void shoal_sha1_lanes(
    uint32_t *states, const void *const *messages, int lanes, size_t blocks);

/// The same for SHA-256 and up to SHOAL_HASH_LANES messages, with states of eight words each (RFC 6234, 6.2).
void shoal_sha256_lanes(
    uint32_t *states, const void *const *messages, int lanes, size_t blocks);

#endif
