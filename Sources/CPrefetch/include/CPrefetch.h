// The processor's hint that a cache line will be read soon: it computes nothing, changes nothing and
// faults on no address, so that it may be given anywhere. Swift has no word for it.
#ifndef SHOAL_CPREFETCH_H
#define SHOAL_CPREFETCH_H

static inline void shoal_prefetch(const void *address) { __builtin_prefetch(address); }

#endif
