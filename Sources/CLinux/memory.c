#define _GNU_SOURCE
#include "memory.h"

#include <limits.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { large_page = 2 << 20, usual_padding = 128 << 10 };

void shoal_expect_memory(size_t bytes) {
#ifdef __GLIBC__
  if (bytes > INT_MAX - large_page) bytes = INT_MAX - large_page;
  // Large blocks come out of the heap as well (32 MiB is the most that may be asked for), and what is
  // freed stays in it.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, -1);
  // The heap grows by the padding when there is no room for a block in it.
  mallopt(M_TOP_PAD, (int)bytes);
  void *block = malloc(large_page);
  mallopt(M_TOP_PAD, usual_padding);
  uintptr_t start = ((uintptr_t)block + large_page - 1) & ~(uintptr_t)(large_page - 1);
  uintptr_t end = (uintptr_t)sbrk(0) & ~(uintptr_t)(large_page - 1);
  // A block outside the heap lies above its end.
  if (block && start < end) madvise((void *)start, end - start, MADV_HUGEPAGE);
  free(block);
#endif
}
