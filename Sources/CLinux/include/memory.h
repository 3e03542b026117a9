// The heap of a program that needs much of it.
#ifndef SHOAL_MEMORY_H
#define SHOAL_MEMORY_H

#include <stddef.h>

/// Makes room for so many bytes in the heap of the main thread, in large pages where the kernel has
/// them to give: what lies scattered over a gigabyte of small ones is found by way of tables that no
/// processor holds in its caches. Memory that is not touched is not taken. It is a wish: where it
/// cannot be met, the heap grows as it always does.
void shoal_expect_memory(size_t bytes);

#endif
