#define _GNU_SOURCE
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct passwd *find_user(const char *name) {
  errno = 0;
  struct passwd *user = getpwnam(name);
  if (!user && errno == 0) errno = ENOENT;
  return user;
}

int shoal_become_user(const char *name) {
  struct passwd *user = find_user(name);
  if (!user) return -1;
  if (getuid() == user->pw_uid && geteuid() == user->pw_uid) return 0;
  if (initgroups(user->pw_name, user->pw_gid) < 0 || setgid(user->pw_gid) < 0) return -1;
  // The rights outlive the change of ids only to be given up here, all but one.
  if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setuid(user->pw_uid) < 0) return -1;
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct rights[2] = {{0}};
  rights[0].effective = rights[0].permitted = 1u << CAP_NET_BIND_SERVICE;
  if (syscall(SYS_capset, &header, rights) < 0) return -1;
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int shoal_make_folder_for(const char *path, const char *name) {
  struct passwd *user = find_user(name);
  if (!user) return -1;
  if (mkdir(path, 0700) < 0) return errno == EEXIST ? 0 : -1;
  return chown(path, user->pw_uid, user->pw_gid);
}

int shoal_take_passed_sockets(void) {
  const char *process = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
  if (!process || !count || strtol(process, NULL, 10) != (long)getpid()) return 0;
  long number = strtol(count, NULL, 10);
  unsetenv("LISTEN_PID");
  unsetenv("LISTEN_FDS");
  unsetenv("LISTEN_FDNAMES");
  if (number < 0 || number > 64) {
    errno = EINVAL;
    return -1;
  }
  for (int descriptor = 3; descriptor < 3 + number; descriptor++) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0) return -1;
    if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0) return -1;
  }
  return (int)number;
}

int shoal_socket_is_stream(int socket) {
  int kind = 0;
  socklen_t length = sizeof kind;
  if (getsockopt(socket, SOL_SOCKET, SO_TYPE, &kind, &length) < 0) return -1;
  if (kind == SOCK_STREAM || kind == SOCK_DGRAM) return kind == SOCK_STREAM;
  errno = EPROTONOSUPPORT;
  return -1;
}
