// Preloaded into the real program, fails one of its calls on the files beneath a folder:
//
//   FAULT_BENEATH  the folder; calls on anything else pass uncounted
//   FAULT_AT       which of the calls that can fail so, from 1; 0 only counts
//   FAULT_ERROR    ENOSPC, EIO or EMFILE
//   FAULT_STAYS    set: every later such call fails as well, as on a disk that stays full
//   FAULT_LOG      a file that gets a line for each failed call, and at the end "calls COUNT"
//
// The program reaches the kernel through the C library alone, which is what makes this complete;
// calls that the library has no name for come through `syscall`.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static char beneath[PATH_MAX];
static long fail_at;
static int error_number;
static int stays;
static int log_descriptor = -1;
static atomic_long calls;

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
  void *symbol = dlsym(RTLD_NEXT, name);
  if (!symbol) abort();
  return symbol;
}

__attribute__((constructor)) static void begin(void) {
  const char *folder = getenv("FAULT_BENEATH"), *at = getenv("FAULT_AT");
  const char *error = getenv("FAULT_ERROR"), *log = getenv("FAULT_LOG");
  if (!folder || !at || !error || !log || !realpath(folder, beneath)) return;
  fail_at = atol(at);
  stays = getenv("FAULT_STAYS") != NULL;
  error_number = strcmp(error, "ENOSPC") == 0 ? ENOSPC : strcmp(error, "EIO") == 0 ? EIO : EMFILE;
  log_descriptor = REAL(open)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

static void note(const char *text, const char *name, long number) {
  char line[PATH_MAX];
  int length = snprintf(line, sizeof line, "%s %s %ld\n", text, name, number);
  if (log_descriptor >= 0 && length > 0 && REAL(write)(log_descriptor, line, (size_t)length) < 0)
    abort();
}

__attribute__((destructor)) static void end(void) { note("calls", "", atomic_load(&calls)); }

// What a call does, and so how it can fail.
enum kind { opens = 1, creates = 2, writes = 4, reads = 8, other = 16 };

static int can_fail(enum kind kind) {
  if (error_number == ENOSPC) return kind & (creates | writes);
  if (error_number == EMFILE) return kind & opens;
  return 1;
}

static int is_beneath(const char *path) {
  size_t length = strlen(beneath);
  return strncmp(path, beneath, length) == 0 && (path[length] == '/' || path[length] == 0);
}

// Returns 1 with errno set when this call is to fail.
static int fails(enum kind kind, const char *name, const char *path) {
  if (!beneath[0] || !can_fail(kind) || !is_beneath(path)) return 0;
  long number = atomic_fetch_add(&calls, 1) + 1;
  if (fail_at == 0 || number < fail_at || (number > fail_at && !stays)) return 0;
  note(name, path + strlen(beneath), number);
  errno = error_number;
  return 1;
}

static int of_descriptor(int descriptor, char path[PATH_MAX]) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return 1;
}

static int fails_at_descriptor(enum kind kind, const char *name, int descriptor) {
  int saved = errno;
  char path[PATH_MAX];
  if (!beneath[0] || !of_descriptor(descriptor, path)) return errno = saved, 0;
  errno = saved;
  return fails(kind, name, path);
}

static int fails_at_path(enum kind kind, const char *name, int folder, const char *path) {
  int saved = errno;
  char whole[2 * PATH_MAX];
  if (!beneath[0]) return 0;
  if (path[0] == '/') {
    snprintf(whole, sizeof whole, "%s", path);
  } else {
    char base[PATH_MAX] = "";
    if (folder == AT_FDCWD ? !getcwd(base, sizeof base) : !of_descriptor(folder, base))
      return errno = saved, 0;
    snprintf(whole, sizeof whole, "%s/%s", base, path);
  }
  errno = saved;
  return fails(kind, name, whole);
}

// MARK: - Opening

static enum kind opening(int flags) { return flags & O_CREAT ? opens | creates : opens; }

#define MODE(flags)                    \
  mode_t mode = 0;                     \
  if ((flags) & (O_CREAT | O_TMPFILE)) { \
    va_list list;                      \
    va_start(list, flags);             \
    mode = va_arg(list, mode_t);       \
    va_end(list);                      \
  }

int open(const char *path, int flags, ...) {
  MODE(flags)
  if (fails_at_path(opening(flags), "open", AT_FDCWD, path)) return -1;
  return REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE(flags)
  if (fails_at_path(opening(flags), "open", AT_FDCWD, path)) return -1;
  return REAL(open64)(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
  MODE(flags)
  if (fails_at_path(opening(flags), "openat", folder, path)) return -1;
  return REAL(openat)(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
  MODE(flags)
  if (fails_at_path(opening(flags), "openat", folder, path)) return -1;
  return REAL(openat64)(folder, path, flags, mode);
}

long syscall(long number, ...) {
  long a[6];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
  va_end(list);
  if (number == SYS_openat2) {
    const struct open_how *how = (const struct open_how *)a[2];
    if (fails_at_path(opening((int)how->flags), "openat2", (int)a[0], (const char *)a[1]))
      return -1;
  }
  return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

// MARK: - Reading and writing

#define BY_DESCRIPTOR(kind, type, name, parameters, ...)              \
  type name parameters {                                              \
    if (fails_at_descriptor(kind, #name, descriptor)) return -1;      \
    return REAL(name)(__VA_ARGS__);                                   \
  }

BY_DESCRIPTOR(reads, ssize_t, read, (int descriptor, void *to, size_t count), descriptor, to, count)
BY_DESCRIPTOR(
    reads, ssize_t, pread, (int descriptor, void *to, size_t count, off_t offset), descriptor, to,
    count, offset)
BY_DESCRIPTOR(
    reads, ssize_t, pread64, (int descriptor, void *to, size_t count, off64_t offset), descriptor,
    to, count, offset)
BY_DESCRIPTOR(
    reads, ssize_t, preadv, (int descriptor, const struct iovec *to, int count, off_t offset),
    descriptor, to, count, offset)
BY_DESCRIPTOR(
    writes, ssize_t, write, (int descriptor, const void *from, size_t count), descriptor, from,
    count)
BY_DESCRIPTOR(
    writes, ssize_t, pwrite, (int descriptor, const void *from, size_t count, off_t offset),
    descriptor, from, count, offset)
BY_DESCRIPTOR(
    writes, ssize_t, pwrite64, (int descriptor, const void *from, size_t count, off64_t offset),
    descriptor, from, count, offset)
BY_DESCRIPTOR(
    writes, ssize_t, writev, (int descriptor, const struct iovec *from, int count), descriptor,
    from, count)
BY_DESCRIPTOR(
    writes, ssize_t, pwritev, (int descriptor, const struct iovec *from, int count, off_t offset),
    descriptor, from, count, offset)
BY_DESCRIPTOR(
    writes, ssize_t, pwritev64,
    (int descriptor, const struct iovec *from, int count, off64_t offset), descriptor, from, count,
    offset)
BY_DESCRIPTOR(
    writes, int, fallocate, (int descriptor, int mode, off_t offset, off_t length), descriptor,
    mode, offset, length)
BY_DESCRIPTOR(
    writes, int, fallocate64, (int descriptor, int mode, off64_t offset, off64_t length),
    descriptor, mode, offset, length)
BY_DESCRIPTOR(writes, int, fsync, (int descriptor), descriptor)
BY_DESCRIPTOR(writes, int, fdatasync, (int descriptor), descriptor)
BY_DESCRIPTOR(writes, int, ftruncate, (int descriptor, off_t length), descriptor, length)
BY_DESCRIPTOR(writes, int, ftruncate64, (int descriptor, off64_t length), descriptor, length)

// MARK: - Names

#define BY_PATH(kind, name, folder, path, parameters, ...)            \
  int name parameters {                                               \
    if (fails_at_path(kind, #name, folder, path)) return -1;          \
    return REAL(name)(__VA_ARGS__);                                   \
  }

BY_PATH(creates, mkdir, AT_FDCWD, path, (const char *path, mode_t mode), path, mode)
BY_PATH(
    creates, mkdirat, folder, path, (int folder, const char *path, mode_t mode), folder, path, mode)
BY_PATH(creates, rename, AT_FDCWD, to, (const char *from, const char *to), from, to)
BY_PATH(
    creates, renameat, to_folder, to,
    (int from_folder, const char *from, int to_folder, const char *to), from_folder, from,
    to_folder, to)
BY_PATH(
    creates, renameat2, to_folder, to,
    (int from_folder, const char *from, int to_folder, const char *to, unsigned flags), from_folder,
    from, to_folder, to, flags)
BY_PATH(creates, link, AT_FDCWD, to, (const char *from, const char *to), from, to)
BY_PATH(
    creates, linkat, to_folder, to,
    (int from_folder, const char *from, int to_folder, const char *to, int flags), from_folder,
    from, to_folder, to, flags)
BY_PATH(other, unlink, AT_FDCWD, path, (const char *path), path)
BY_PATH(other, unlinkat, folder, path, (int folder, const char *path, int flags), folder, path, flags)
BY_PATH(other, rmdir, AT_FDCWD, path, (const char *path), path)
