// Many peers of one seed, in one process: some fetch as fast as they can and forget what they get,
// the others are connected and say nothing after their handshake but a keep-alive now and then.
//
// usage: crowd-load ADDRESS PORT INFOHASH PIECES ACTIVE IDLE SECONDS
//
// Each peer connects from an address of 127.1.0.0/16 of its own. Pieces are of 1 MiB. Prints `ready`
// when all are connected, then after SECONDS: bytes of blocks received, and connections that were
// lost.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 16 << 10, BLOCKS = 64, DEPTH = 64, HANDSHAKE = 68 };

struct peer {
  int socket, active, choked, outstanding;
  uint32_t piece, block;   // what is asked for next
  uint32_t need;           // bytes that are left of the message that arrives, 0 before its length
  int header_length, is_block;
  unsigned char header[5];
  int handshake;           // bytes of it that have arrived
};

static uint32_t pieces;
static uint64_t received;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

static void put(unsigned char *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}

// Keeps DEPTH blocks requested, all those of a call in one send.
static void request(struct peer *peer) {
  static unsigned char bytes[DEPTH * 17];
  int length = 0;
  while (!peer->choked && peer->outstanding < DEPTH) {
    unsigned char *at = bytes + length;
    put(at, 13);
    at[4] = 6;
    put(at + 5, peer->piece);
    put(at + 9, peer->block * BLOCK);
    put(at + 13, BLOCK);
    length += 17;
    peer->outstanding++;
    if (++peer->block == BLOCKS) {
      peer->block = 0;
      peer->piece = (peer->piece + 1) % pieces;
    }
  }
  if (length && send(peer->socket, bytes, length, MSG_NOSIGNAL) != length) peer->choked = 1;
}

static void take_header(struct peer *peer) {
  uint32_t length;
  memcpy(&length, peer->header, 4);
  length = ntohl(length);
  peer->header_length = 0;
  peer->need = length - 1;
  peer->is_block = peer->header[4] == 7;
  if (peer->header[4] == 0) {
    peer->choked = 1;
    peer->outstanding = 0;
  }
  if (peer->header[4] == 1) peer->choked = 0;
  if (peer->is_block) {
    received += length - 9;
    if (peer->outstanding) peer->outstanding--;
  }
}

static int take(struct peer *peer) {
  static unsigned char buffer[1 << 18];
  ssize_t count = recv(peer->socket, buffer, sizeof buffer, 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return 1;
  if (count <= 0) return 0;
  for (ssize_t at = 0; at < count;) {
    uint32_t left = count - at;
    if (peer->handshake < HANDSHAKE) {
      uint32_t part = HANDSHAKE - peer->handshake;
      if (part > left) part = left;
      peer->handshake += part;
      at += part;
    } else if (peer->need) {
      uint32_t part = peer->need < left ? peer->need : left;
      peer->need -= part;
      at += part;
    } else {
      peer->header[peer->header_length++] = buffer[at++];
      uint32_t length = 1;
      if (peer->header_length == 4) memcpy(&length, peer->header, 4);
      if (!length) peer->header_length = 0;  // a keep-alive
      if (peer->header_length == 5) take_header(peer);
    }
  }
  if (peer->active) request(peer);
  return 1;
}

static void hex(const char *text, unsigned char *bytes) {
  for (int n = 0; n < 20; n++)
    if (sscanf(text + 2 * n, "%2hhx", bytes + n) != 1) fail("info-hash");
}

int main(int count, char **words) {
  if (count != 8) {
    fprintf(stderr, "usage: crowd-load ADDRESS PORT INFOHASH PIECES ACTIVE IDLE SECONDS\n");
    return 2;
  }
  unsigned char hello[HANDSHAKE + 5] = "\x13" "BitTorrent protocol";
  hex(words[3], hello + 28);
  pieces = atoi(words[4]);
  int active = atoi(words[5]), total = active + atoi(words[6]);
  struct rlimit files = {total + 64, total + 64};
  if (setrlimit(RLIMIT_NOFILE, &files)) fail("descriptors");
  struct sockaddr_in seed = {.sin_family = AF_INET, .sin_port = htons(atoi(words[2]))};
  inet_pton(AF_INET, words[1], &seed.sin_addr);
  struct peer *peers = calloc(total, sizeof *peers);
  int poll = epoll_create1(0);
  for (int n = 0; n < total; n++) {
    struct peer *peer = peers + n;
    peer->socket = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in own = {.sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(0x7f010001 + n)};
    if (bind(peer->socket, (struct sockaddr *)&own, sizeof own)) fail("bind");
    if (connect(peer->socket, (struct sockaddr *)&seed, sizeof seed)) fail("connect");
    snprintf((char *)hello + 48, 21, "-CL0000-%012d", n);
    put(hello + HANDSHAKE, 1);
    hello[HANDSHAKE + 4] = 2;  // interested
    peer->active = n < active;
    peer->choked = 1;
    peer->piece = (uint64_t)n * pieces / (active ? active : 1) % pieces;
    int length = peer->active ? HANDSHAKE + 5 : HANDSHAKE;
    if (send(peer->socket, hello, length, MSG_NOSIGNAL) != length) fail("send");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, peer->socket, &event)) fail("epoll");
    if (n % 50 == 49) usleep(20000);
  }
  printf("ready\n");
  fflush(stdout);
  double end = now() + atof(words[7]);
  int lost = 0;
  while (now() < end) {
    struct epoll_event events[256];
    int ready = epoll_wait(poll, events, 256, 100);
    for (int n = 0; n < ready; n++) {
      struct peer *peer = events[n].data.ptr;
      if (take(peer)) continue;
      epoll_ctl(poll, EPOLL_CTL_DEL, peer->socket, NULL);
      close(peer->socket);
      lost++;
    }
  }
  printf("%llu %d\n", (unsigned long long)received, lost);
  return 0;
}
