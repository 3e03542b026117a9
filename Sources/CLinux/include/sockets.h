#ifndef SHOAL_SOCKETS_H
#define SHOAL_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

enum {
  SHOAL_READABLE = 1,
  SHOAL_WRITABLE = 2,
  SHOAL_HANGUP = 4,  // reported whether asked for or not
};

// One descriptor that became ready, by the token it was registered under.
struct shoal_readiness {
  uint64_t token;
  uint32_t events;
};

int shoal_epoll_create(void);
int shoal_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token);
int shoal_epoll_change(int epoll, int descriptor, uint32_t events, uint64_t token);
int shoal_epoll_remove(int epoll, int descriptor);
// Waits at most `milliseconds` (-1: for ever); returns the count, or -1 with errno.
int shoal_epoll_wait(int epoll, struct shoal_readiness *ready, int capacity, int milliseconds);

// A counter that wakes a loop: written by any thread, drained by the loop.
int shoal_eventfd(void);
void shoal_eventfd_signal(int descriptor);
void shoal_eventfd_drain(int descriptor);

// Blocks the signals in the calling thread (and those it starts) and delivers them to a descriptor.
int shoal_signalfd(const int *signals, int count);
// The next pending signal, or -1.
int shoal_signalfd_read(int descriptor);

// All sockets are non-blocking and closed on exec.
int shoal_socket_stream(int family);
int shoal_socket_datagram(int family);
int shoal_accept(int listener, struct sockaddr_storage *address, socklen_t *length);
// Bytes of a file to a socket without a copy through this process; moves *offset.
ssize_t shoal_sendfile(int socket, int file, int64_t *offset, size_t count);

int shoal_socket_set_reuse_address(int socket);
// Lets further sockets of this user bind the same port; the kernel spreads what arrives over them.
int shoal_socket_set_reuse_port(int socket);
int shoal_socket_set_v6_only(int socket);
int shoal_socket_set_no_delay(int socket);
// Bytes that may wait unsent in the kernel before the socket stops being writable.
int shoal_socket_set_unsent_mark(int socket, int bytes);
// Has a listening socket hand a connection over with its first bytes, or without any after about so
// many seconds.
int shoal_socket_set_defer_accept(int socket, int seconds);
int shoal_socket_set_receive_buffer(int socket, int bytes);
// Takes datagrams to a multicast group (4 or 16 bytes) that arrive on an interface; and sends those to
// any group on an interface, from one of its addresses (4 or 16 bytes) or, with NULL, the kernel's
// choice.
int shoal_socket_join_group(int socket, int family, const uint8_t *group, unsigned interface);
int shoal_socket_send_group_from(
    int socket, int family, unsigned interface, const uint8_t *source);
// The pending error of a socket (SO_ERROR), cleared by reading it.
int shoal_socket_take_error(int socket);

// Nanoseconds of CLOCK_MONOTONIC.
uint64_t shoal_monotonic_nanoseconds(void);

#endif
