#define _GNU_SOURCE
#include "sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

int shoal_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static struct epoll_event event_of(uint32_t events, uint64_t token) {
  struct epoll_event event = {.data.u64 = token};
  if (events & SHOAL_READABLE) event.events |= EPOLLIN | EPOLLRDHUP;
  if (events & SHOAL_WRITABLE) event.events |= EPOLLOUT;
  return event;
}

int shoal_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token) {
  struct epoll_event event = event_of(events, token);
  return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

int shoal_epoll_change(int epoll, int descriptor, uint32_t events, uint64_t token) {
  struct epoll_event event = event_of(events, token);
  return epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event);
}

int shoal_epoll_remove(int epoll, int descriptor) {
  return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, 0);
}

int shoal_epoll_wait(int epoll, struct shoal_readiness *ready, int capacity, int milliseconds) {
  struct epoll_event events[256];
  if (capacity > 256) capacity = 256;
  int count = epoll_wait(epoll, events, capacity, milliseconds);
  for (int i = 0; i < count; i++) {
    uint32_t seen = 0;
    if (events[i].events & (EPOLLIN | EPOLLRDHUP)) seen |= SHOAL_READABLE;
    if (events[i].events & EPOLLOUT) seen |= SHOAL_WRITABLE;
    if (events[i].events & (EPOLLERR | EPOLLHUP)) seen |= SHOAL_HANGUP;
    ready[i] = (struct shoal_readiness){.token = events[i].data.u64, .events = seen};
  }
  return count;
}

int shoal_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

void shoal_eventfd_signal(int descriptor) {
  uint64_t one = 1;
  // The only failure of interest is a full counter, and then the loop is awake already.
  while (write(descriptor, &one, sizeof one) < 0 && errno == EINTR) {}
}

void shoal_eventfd_drain(int descriptor) {
  uint64_t count;
  while (read(descriptor, &count, sizeof count) < 0 && errno == EINTR) {}
}

int shoal_signalfd(const int *signals, int count) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
  if (sigprocmask(SIG_BLOCK, &set, 0) < 0) return -1;
  return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int shoal_signalfd_read(int descriptor) {
  struct signalfd_siginfo info;
  return read(descriptor, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : -1;
}

int shoal_socket_stream(int family) {
  return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int shoal_socket_datagram(int family) {
  return socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int shoal_accept(int listener, struct sockaddr_storage *address, socklen_t *length) {
  return accept4(listener, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

ssize_t shoal_sendfile(int socket, int file, int64_t *offset, size_t count) {
  off_t position = *offset;
  ssize_t sent = sendfile(socket, file, &position, count);
  *offset = position;
  return sent;
}

static int set_option(int socket, int level, int option, int value) {
  return setsockopt(socket, level, option, &value, sizeof value);
}

int shoal_socket_set_reuse_address(int s) { return set_option(s, SOL_SOCKET, SO_REUSEADDR, 1); }
int shoal_socket_set_reuse_port(int s) { return set_option(s, SOL_SOCKET, SO_REUSEPORT, 1); }
int shoal_socket_set_v6_only(int s) { return set_option(s, IPPROTO_IPV6, IPV6_V6ONLY, 1); }
int shoal_socket_set_no_delay(int s) { return set_option(s, IPPROTO_TCP, TCP_NODELAY, 1); }
int shoal_socket_set_unsent_mark(int s, int bytes) {
  return set_option(s, IPPROTO_TCP, TCP_NOTSENT_LOWAT, bytes);
}
int shoal_socket_set_defer_accept(int s, int seconds) {
  return set_option(s, IPPROTO_TCP, TCP_DEFER_ACCEPT, seconds);
}
int shoal_socket_set_receive_buffer(int s, int bytes) {
  return set_option(s, SOL_SOCKET, SO_RCVBUF, bytes);
}

int shoal_socket_take_error(int s) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? errno : error;
}

uint64_t shoal_monotonic_nanoseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int shoal_socket_join_group(int s, int family, const uint8_t *group, unsigned interface) {
  if (family == AF_INET) {
    struct ip_mreqn request = {.imr_ifindex = (int)interface};
    memcpy(&request.imr_multiaddr, group, 4);
    return setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request);
  }
  struct ipv6_mreq request = {.ipv6mr_interface = interface};
  memcpy(&request.ipv6mr_multiaddr, group, 16);
  return setsockopt(s, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &request, sizeof request);
}

int shoal_socket_send_group_from(
    int s, int family, unsigned interface, const uint8_t *source) {
  if (family == AF_INET) {
    struct ip_mreqn request = {.imr_ifindex = (int)interface};
    if (source) memcpy(&request.imr_address, source, 4);
    return setsockopt(s, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request);
  }
  if (set_option(s, IPPROTO_IPV6, IPV6_MULTICAST_IF, (int)interface) < 0) return -1;
  struct in6_pktinfo from = {.ipi6_ifindex = source ? interface : 0};
  if (source) memcpy(&from.ipi6_addr, source, 16);
  return setsockopt(s, IPPROTO_IPV6, IPV6_PKTINFO, &from, sizeof from);
}
