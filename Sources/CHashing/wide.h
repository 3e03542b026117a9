// SHA-1 of up to sixteen messages in the widest registers.
#ifndef SHOAL_CHASHING_WIDE_H
#define SHOAL_CHASHING_WIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Whether this processor has the registers and instructions for it.
bool shoal_has_wide_lanes(void);

// As shoal_sha1_lanes, of 1 to 16 messages, all in the time of 16.
void shoal_sha1_wide(uint32_t *states, const void *const *messages, int lanes, size_t blocks);

#endif
