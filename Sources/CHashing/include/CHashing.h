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

/// Takes `blocks` blocks of 64 bytes of each of 1 to SHOAL_HASH_LANES messages into their states,
/// of five words each (RFC 3174, 6.1). Must be called only where shoal_has_hash_lanes().
void shoal_sha1_lanes(
    uint32_t *states, const void *const *messages, int lanes, size_t blocks);

/// The same for SHA-256, with states of eight words each (RFC 6234, 6.2).
void shoal_sha256_lanes(
    uint32_t *states, const void *const *messages, int lanes, size_t blocks);

#endif
