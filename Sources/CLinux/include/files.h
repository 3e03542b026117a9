// Files below a folder that holds what strangers named, and the few calls of Linux that Swift's
// importer does not see. Every function that fails returns -1 and sets errno, unless it says
// otherwise.
#ifndef SHOAL_FILES_H
#define SHOAL_FILES_H

#include <stddef.h>
#include <sys/types.h>

/// A descriptor that only names a folder, close-on-exec.
int shoal_open_folder(const char *path);

/// Opens `path`, which must stay beneath `folder` and run through no symbolic link. A link in the
/// way is ELOOP, a way out is EXDEV. Never waits for the other end of a pipe.
int shoal_open_beneath(int folder, const char *path, int flags, mode_t mode);

/// The same by one openat(2) a component: for kernels before 5.6, which have no openat2(2).
int shoal_open_beneath_stepwise(int folder, const char *path, int flags, mode_t mode);

/// Opens a file in `folder` to read it, by one name, which must be no symbolic link (ELOOP).
int shoal_open_within(int folder, const char *name);

/// Makes the folders that lead to the last component of `path`, under the same rules.
int shoal_make_folders_beneath(int folder, const char *path, mode_t mode);

/// 1 for a folder on a file system that takes the names of Windows only and does not tell cases
/// apart, 0 for any other.
int shoal_takes_windows_names(int folder);

/// Reserves room on the disk and extends the file to it. EOPNOTSUPP where the file system cannot:
/// it is never emulated by writing.
int shoal_allocate(int descriptor, off_t length);

/// Copies bytes from one file to the same place in another, where the file system can by sharing
/// their blocks. Returns how many were copied, 0 at the end of `from`.
ssize_t shoal_copy_range(int from, int to, off_t offset, size_t length);

/// The first byte at or after `offset` that is not in a hole; ENXIO when only a hole or the end
/// follows.
off_t shoal_next_data(int descriptor, off_t offset);

/// A file that has no name and lives in memory.
int shoal_anonymous_file(const char *label);

/// Names the calling thread for ps and perf; at most 15 bytes count.
void shoal_name_thread(const char *name);

/// Processors that this process may run on, at least 1.
int shoal_processor_count(void);

#endif
