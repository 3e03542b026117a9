// Digests of several messages at once, in the vector registers of one core.
//
// SHA-1 and SHA-256 are chains of dependent instructions: a core that hashes one message waits for
// most of the time. The same instructions for other messages fill the gaps.
//
// There are two ways: the processor's own instructions for it, four messages side by side, and plain
// ones of 512-bit registers, sixteen of them. States are words one after another, five of SHA-1 for each
// message (RFC 3174, 6.1) and eight of SHA-256 (RFC 6234, 6.2); a block is 64 bytes.
#ifndef SHOAL_CHASHING_H
#define SHOAL_CHASHING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHOAL_NARROW_LANES = 4, SHOAL_WIDE_LANES = 16 };

/// Whether this processor has the SHA extensions, of which the narrow functions consist.
bool shoal_has_sha_extensions(void);

/// Takes blocks of each of 1 to SHOAL_NARROW_LANES messages into their states. Must be called only where
/// shoal_has_sha_extensions().
void shoal_sha1_narrow(uint32_t *states, const void *const *messages, int lanes, size_t blocks);
void shoal_sha256_narrow(uint32_t *states, const void *const *messages, int lanes, size_t blocks);

/// Whether this processor has the registers and instructions of the wide functions.
bool shoal_has_wide_registers(void);

/// Takes blocks of each of 1 to SHOAL_WIDE_LANES messages into their states, all in the time of
/// SHOAL_WIDE_LANES. Must be called only where shoal_has_wide_registers().
void shoal_sha1_wide(uint32_t *states, const void *const *messages, int lanes, size_t blocks);
void shoal_sha256_wide(uint32_t *states, const void *const *messages, int lanes, size_t blocks);

/// From how many messages on the wide function is the faster one on this processor; more than
/// SHOAL_WIDE_LANES where it never is, or is not there.
int shoal_fewest_wide_sha1(void);
int shoal_fewest_wide_sha256(void);

#endif
