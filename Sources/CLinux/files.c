#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

// O_NONBLOCK means nothing to regular files and keeps a planted FIFO from blocking the opener.
static const int always = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

int shoal_open_folder(const char *path) {
  return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int shoal_open_beneath(int folder, const char *path, int flags, mode_t mode) {
  struct open_how how = {
      .flags = (unsigned)(flags | always),
      .mode = flags & O_CREAT ? mode : 0,
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
  };
  // EAGAIN: something on the way was renamed meanwhile, and the kernel could not rule out an
  // escape. It asks to try again; a stranger who keeps renaming is not waited for.
  for (int attempt = 0; attempt < 16; attempt++) {
    long descriptor = syscall(SYS_openat2, folder, path, &how, sizeof how);
    if (descriptor >= 0) return (int)descriptor;
    // EPERM is also what container filters answer to calls they do not know.
    if (errno == ENOSYS || errno == EPERM)
      return shoal_open_beneath_stepwise(folder, path, flags, mode);
    if (errno != EAGAIN && errno != EINTR) return -1;
  }
  return -1;
}

int shoal_open_within(int folder, const char *name) {
  return openat(folder, name, O_RDONLY | O_NOFOLLOW | always);
}

static void close_keeping_errno(int descriptor) {
  int saved = errno;
  close(descriptor);
  errno = saved;
}

// Copies the component that starts at *path and moves *path to the next one. Returns whether one
// follows, or -1 for a component that is not a plain name.
static int next_component(const char **path, char component[NAME_MAX + 1]) {
  const char *end = strchrnul(*path, '/');
  size_t length = (size_t)(end - *path);
  if (length > NAME_MAX) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(component, *path, length);
  component[length] = 0;
  if (length == 0 || strcmp(component, ".") == 0 || strcmp(component, "..") == 0) {
    errno = EXDEV;
    return -1;
  }
  *path = *end ? end + 1 : end;
  return *end != 0;
}

// The folder that holds the last component of `path`, whose name is left in `component`.
static int open_parent(
    int folder, const char *path, char component[NAME_MAX + 1], int make, mode_t mode) {
  int current = openat(folder, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  int more;
  while (current >= 0 && (more = next_component(&path, component)) != 0) {
    if (more < 0) {
      close_keeping_errno(current);
      return -1;
    }
    if (make && mkdirat(current, component, mode) < 0 && errno != EEXIST) {
      close_keeping_errno(current);
      return -1;
    }
    // With O_PATH a link opens as itself and O_DIRECTORY then refuses it with ENOTDIR.
    int inner = openat(current, component, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner < 0 && errno == ENOTDIR) {
      struct stat status;
      int found = fstatat(current, component, &status, AT_SYMLINK_NOFOLLOW);
      errno = found == 0 && S_ISLNK(status.st_mode) ? ELOOP : ENOTDIR;
    }
    close_keeping_errno(current);
    current = inner;
  }
  return current;
}

int shoal_open_beneath_stepwise(int folder, const char *path, int flags, mode_t mode) {
  if (strcmp(path, ".") == 0) return openat(folder, path, flags | always);
  char component[NAME_MAX + 1];
  int parent = open_parent(folder, path, component, 0, 0);
  if (parent < 0) return -1;
  int descriptor = openat(parent, component, flags | always | O_NOFOLLOW, mode);
  close_keeping_errno(parent);
  return descriptor;
}

int shoal_make_folders_beneath(int folder, const char *path, mode_t mode) {
  char component[NAME_MAX + 1];
  int parent = open_parent(folder, path, component, 1, mode);
  if (parent < 0) return -1;
  close(parent);
  return 0;
}

int shoal_takes_windows_names(int folder) {
  struct statfs status;
  if (fstatfs(folder, &status) < 0) return 0;
  switch ((unsigned)status.f_type) {
    case 0x4d44:      // vfat
    case 0x2011bab0:  // exfat
    case 0x7366746e:  // ntfs3
    case 0xff534d42:  // cifs
    case 0xfe534d42:  // smb2
      return 1;
    default:
      return 0;
  }
}

int shoal_allocate(int descriptor, off_t length) {
  int result;
  do {
    result = fallocate(descriptor, 0, 0, length);
  } while (result < 0 && errno == EINTR);
  return result;
}

ssize_t shoal_copy_range(int from, int to, off_t offset, size_t length) {
  off_t source = offset;
  off_t target = offset;
  return copy_file_range(from, &source, to, &target, length, 0);
}

off_t shoal_next_data(int descriptor, off_t offset) {
  return lseek(descriptor, offset, SEEK_DATA);
}

int shoal_anonymous_file(const char *label) { return memfd_create(label, MFD_CLOEXEC); }

void shoal_name_thread(const char *name) {
  char short_name[16];
  strncpy(short_name, name, sizeof short_name - 1);
  short_name[sizeof short_name - 1] = 0;
  pthread_setname_np(pthread_self(), short_name);
}

int shoal_processor_count(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int)online : 1;
}
