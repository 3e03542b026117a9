// Linux calls that the importer does not show without _GNU_SOURCE, as plain functions. The macro is
// defined in this target's .c files only: defined for a header, it would change what Glibc means
// for every importer.
#ifndef SHOAL_CLINUX_H
#define SHOAL_CLINUX_H

#include "files.h"
#include "memory.h"
#include "process.h"
#include "sockets.h"
#include "datagrams.h"

#endif
