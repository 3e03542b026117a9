// Who this process is. Every function returns -1 and sets errno where it fails.
#ifndef SHOAL_PROCESS_H
#define SHOAL_PROCESS_H

/// Becomes another user for good: groups, ids, and of root's rights none but to bind ports below 1024,
/// for this thread and those it starts. To be called before there is any other thread. ENOENT where
/// there is no such user; nothing to do where the process is that user's already.
int shoal_become_user(const char *name);

/// Makes a folder for a user, where there is none; one that is there stays as it is.
int shoal_make_folder_for(const char *path, const char *name);

/// Where a service manager has opened sockets for this process (sd_listen_fds(3)), their number, from
/// descriptor 3 on; they are closed on exec and never block from here on. To be called once.
int shoal_take_passed_sockets(void);

/// Of a socket, whether it is TCP's (1) or UDP's (0).
int shoal_socket_is_stream(int socket);

#endif
