// Loads a tracker with announces and counts the answers: as many at once as it was told, a new one
// for each answer (a closed loop).
//
//   announce-load hashes TORRENTS                  prints the info-hashes, for a tracker's whitelist
//   announce-load udp PORT SECONDS                 BEP 15, from 16 addresses, 8 under way from each
//   announce-load http PORT SECONDS                a new connection for each announce, 32 at once
//   announce-load keep PORT SECONDS                32 connections, one announce after another on each
//   announce-load fill PORT TORRENTS PEERS         each of so many peers once, by UDP
//   announce-load probe PORT SECONDS               one announce every two milliseconds, by UDP: how
//                                                  many, the median wait and the longest in ms
//
// Peer p is always at the same address and port and always in the same torrent; a few torrents have
// most of the peers, but for `fill`, which spreads them evenly. Before the time of udp, http and keep
// runs, every peer is announced once by UDP. One thread.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint32_t torrent_count = 10000, peer_count = 200000, address_count = 16;
static int is_even;

enum {
  most_addresses = 128,
  peers_of_address = 60000,
  window = 8,
  connection_count = 32,
  peers_wanted = 30,
  longest_answer = 4096,
};

struct totals {
  uint64_t answers, failures, lost, peers;
};

static struct totals totals;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

// SplitMix64: a number for a number, the same in every run.
static uint64_t mixed(uint64_t word) {
  word += 0x9e3779b97f4a7c15u;
  word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
  word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
  return word ^ (word >> 31);
}

static uint64_t drawn(void) {
  static uint64_t state = 1;
  return mixed(state++);
}

// The peers.

static void info_hash(uint32_t torrent, uint8_t hash[20]) {
  for (int i = 0; i < 20; i++) hash[i] = (uint8_t)mixed(torrent * 20ull + (unsigned)i);
}

static uint32_t torrent_of(uint32_t peer) {
  if (is_even) return peer % torrent_count;
  double share = (double)(mixed(peer) >> 11) * 0x1p-53;
  return (uint32_t)(share * share * share * torrent_count);
}

static uint16_t port_of(uint32_t peer) { return (uint16_t)(1024 + peer / address_count); }

// Three of four have everything.
static int is_seed(uint32_t peer) { return (peer & 3) != 0; }

static struct sockaddr_in loopback(unsigned last, unsigned port) {
  return (struct sockaddr_in){
      .sin_family = AF_INET,
      .sin_port = htons((uint16_t)port),
      .sin_addr.s_addr = htonl(0x7f000000 + last),
  };
}

// UDP.

struct client {
  int socket;
  uint64_t connection_id;
  int under_way;
  double last_heard;
};

static void put32(uint8_t *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, sizeof value);
}

static void connect_client(struct client *client, unsigned number, unsigned port) {
  client->socket = socket(AF_INET, SOCK_DGRAM, 0);
  int room = 4 << 20;
  setsockopt(client->socket, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  struct timeval patience = {.tv_usec = 200000};
  setsockopt(client->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  struct sockaddr_in own = loopback(1 + number, 0), tracker = loopback(1, port);
  if (bind(client->socket, (void *)&own, sizeof own) < 0) fail("bind");
  if (connect(client->socket, (void *)&tracker, sizeof tracker) < 0) fail("connect");
  uint8_t request[16] = {0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80}, answer[16];
  for (int attempt = 0; attempt < 20; attempt++) {
    if (send(client->socket, request, sizeof request, 0) < 0) continue;
    if (recv(client->socket, answer, sizeof answer, 0) == sizeof answer) {
      memcpy(&client->connection_id, answer + 8, 8);
      return;
    }
  }
  fprintf(stderr, "no answer from UDP port %u\n", port);
  exit(1);
}

static void fill_announce(
    const struct client *client, uint32_t peer, uint32_t wanted, uint8_t datagram[98]) {
  memset(datagram, 0, 98);
  memcpy(datagram, &client->connection_id, 8);
  put32(datagram + 8, 1);
  put32(datagram + 12, peer);
  info_hash(torrent_of(peer), datagram + 16);
  memcpy(datagram + 36, "-XX0001-", 8);
  put32(datagram + 52, peer);
  put32(datagram + 68, is_seed(peer) ? 0 : 1 << 20);
  put32(datagram + 88, peer);
  put32(datagram + 92, wanted);
  uint16_t port = htons(port_of(peer));
  memcpy(datagram + 96, &port, sizeof port);
}

static void take_datagrams(struct client *client, double now) {
  static uint8_t answers[window][longest_answer];
  struct iovec parts[window];
  struct mmsghdr messages[window] = {0};
  for (int i = 0; i < window; i++) {
    parts[i] = (struct iovec){answers[i], longest_answer};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  int count = recvmmsg(client->socket, messages, window, MSG_DONTWAIT, NULL);
  for (int i = 0; i < count; i++) {
    if (messages[i].msg_len >= 20 && answers[i][3] == 1) {
      totals.answers++;
      totals.peers += (messages[i].msg_len - 20) / 6;
    } else {
      totals.failures++;
    }
    if (client->under_way > 0) client->under_way--;
    client->last_heard = now;
  }
}

// `next` counts the peers of each address up while all are announced once; NULL chooses any.
static void send_datagrams(
    struct client *client, unsigned number, uint32_t *next, uint32_t wanted, double now) {
  static uint8_t datagrams[window][98];
  struct iovec parts[window];
  struct mmsghdr messages[window] = {0};
  int count = 0;
  while (client->under_way + count < window) {
    uint32_t place = next ? *next : (uint32_t)(drawn() % (peer_count / address_count));
    if (place >= peer_count / address_count) break;
    if (next) ++*next;
    fill_announce(client, place * address_count + number, wanted, datagrams[count]);
    parts[count] = (struct iovec){datagrams[count], sizeof datagrams[count]};
    messages[count].msg_hdr.msg_iov = &parts[count];
    messages[count].msg_hdr.msg_iovlen = 1;
    count++;
  }
  int sent = count ? sendmmsg(client->socket, messages, (unsigned)count, 0) : 0;
  if (sent > 0) client->under_way += sent;
  client->last_heard = now;
}

// Until `end`, or with `end` of 0 until every peer has been announced.
static void announce_datagrams(struct client *clients, int epoll, double end) {
  uint32_t next[most_addresses] = {0};
  for (;;) {
    double now = seconds();
    int is_over = end > 0 ? now >= end : 1;
    for (unsigned i = 0; i < address_count; i++) {
      struct client *client = &clients[i];
      if (client->under_way > 0 && now - client->last_heard > 0.2) {
        totals.lost += (uint64_t)client->under_way;
        client->under_way = 0;
      }
      if (end == 0 && (client->under_way > 0 || next[i] < peer_count / address_count)) is_over = 0;
      if (client->under_way <= window / 2)
        send_datagrams(client, i, end > 0 ? NULL : &next[i], end > 0 ? peers_wanted : 0, now);
    }
    if (is_over) return;
    struct epoll_event events[most_addresses];
    int count = epoll_wait(epoll, events, most_addresses, 1);
    for (int i = 0; i < count; i++) take_datagrams(&clients[events[i].data.u32], now);
  }
}

// HTTP.

struct connection {
  int socket;
  size_t filled;
  char answer[longest_answer];
};

static void ask(struct connection *connection, int keeps) {
  uint32_t peer = (uint32_t)(drawn() % peer_count);
  uint8_t hash[20];
  info_hash(torrent_of(peer), hash);
  char escaped[61], request[512];
  for (int i = 0; i < 20; i++) sprintf(escaped + 3 * i, "%%%02X", hash[i]);
  int length = snprintf(
      request, sizeof request,
      "GET /announce?info_hash=%s&peer_id=-XX0001-%012u&port=%u&uploaded=0&downloaded=0&left=%d"
      "&compact=1&numwant=%d HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: announce-load\r\n%s\r\n",
      escaped, peer, port_of(peer), is_seed(peer) ? 0 : 1 << 20, peers_wanted,
      keeps ? "" : "Connection: close\r\n");
  connection->filled = 0;
  if (send(connection->socket, request, (size_t)length, MSG_NOSIGNAL) != length) totals.lost++;
}

static void open_connection(struct connection *connection, int epoll, unsigned port, int keeps) {
  connection->socket = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in tracker = loopback(1, port);
  // On loopback this is done when it returns.
  if (connect(connection->socket, (void *)&tracker, sizeof tracker) < 0) fail("connect");
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection->socket, &event) < 0) fail("epoll_ctl");
  ask(connection, keeps);
}

// Whether the answer is whole, and of what kind.
static int take_answer(struct connection *connection, int has_ended) {
  char *answer = connection->answer;
  answer[connection->filled] = 0;
  char *body = memmem(answer, connection->filled, "\r\n\r\n", 4);
  if (!body) return has_ended;
  body += 4;
  char *length = strcasestr(answer, "\r\ncontent-length:");
  size_t expected = length && length < body ? strtoul(length + 17, NULL, 10) : SIZE_MAX;
  size_t present = (size_t)(answer + connection->filled - body);
  if (present < expected && !has_ended) return 0;
  char *peers = memmem(body, present, "5:peers", 7);
  if (peers) {
    totals.answers++;
    totals.peers += strtoul(peers + 7, NULL, 10) / 6;
  } else {
    totals.failures++;
  }
  return 1;
}

static void announce_by_http(unsigned port, double end, int keeps) {
  int epoll = epoll_create1(0);
  static struct connection connections[connection_count];
  for (int i = 0; i < connection_count; i++) open_connection(&connections[i], epoll, port, keeps);
  while (seconds() < end) {
    struct epoll_event events[connection_count];
    int count = epoll_wait(epoll, events, connection_count, 100);
    for (int i = 0; i < count; i++) {
      struct connection *connection = events[i].data.ptr;
      size_t room = longest_answer - 1 - connection->filled;
      ssize_t length = recv(connection->socket, connection->answer + connection->filled, room, 0);
      if (length > 0) connection->filled += (size_t)length;
      if (!take_answer(connection, length <= 0)) continue;
      if (keeps && length > 0) {
        ask(connection, keeps);
        continue;
      }
      if (length <= 0 && connection->filled == 0) totals.lost++;
      close(connection->socket);
      open_connection(connection, epoll, port, keeps);
    }
  }
}

// Waits.

static int by_length(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

static void probe(unsigned port, double length) {
  struct client client;
  connect_client(&client, 0, port);
  struct timeval patience = {.tv_sec = 10};
  setsockopt(client.socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  enum { most = 1 << 20 };
  static double waits[most];
  int count = 0;
  double end = seconds() + length;
  while (seconds() < end && count < most) {
    uint8_t datagram[98], answer[longest_answer];
    fill_announce(&client, (uint32_t)(drawn() % peer_count), peers_wanted, datagram);
    double sent = seconds();
    if (send(client.socket, datagram, sizeof datagram, 0) < 0) fail("send");
    if (recv(client.socket, answer, sizeof answer, 0) < 0) totals.lost++;
    waits[count++] = (seconds() - sent) * 1000;
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
  }
  qsort(waits, (size_t)count, sizeof *waits, by_length);
  if (count) printf("%d %.2f %.2f %lu\n", count, waits[count / 2], waits[count - 1], totals.lost);
}

static void open_clients(struct client *clients, int epoll, unsigned port) {
  for (unsigned i = 0; i < address_count; i++) {
    connect_client(&clients[i], i, port);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].socket, &event) < 0) fail("epoll_ctl");
  }
}

int main(int count, char **arguments) {
  if (count == 3 && strcmp(arguments[1], "hashes") == 0) {
    for (int torrent = 0; torrent < atoi(arguments[2]); torrent++) {
      uint8_t hash[20];
      info_hash((uint32_t)torrent, hash);
      for (int i = 0; i < 20; i++) printf("%02x", hash[i]);
      putchar('\n');
    }
    return 0;
  }
  static struct client clients[most_addresses];
  int epoll = epoll_create1(0);
  if (count == 5 && strcmp(arguments[1], "fill") == 0) {
    torrent_count = (uint32_t)atoi(arguments[3]);
    address_count = (uint32_t)(atoi(arguments[4]) + peers_of_address - 1) / peers_of_address;
    if (torrent_count == 0 || address_count == 0 || address_count > most_addresses) return 2;
    peer_count = (uint32_t)atoi(arguments[4]) / address_count * address_count;
    is_even = 1;
    open_clients(clients, epoll, (unsigned)atoi(arguments[2]));
    announce_datagrams(clients, epoll, 0);
    printf("%lu %lu %lu\n", totals.answers, totals.failures, totals.lost);
    return 0;
  }
  if (count != 4) {
    fprintf(stderr,
        "usage: announce-load hashes TORRENTS | udp|http|keep|probe PORT SECONDS"
        " | fill PORT TORRENTS PEERS\n");
    return 2;
  }
  const char *kind = arguments[1];
  unsigned port = (unsigned)atoi(arguments[2]);
  double length = atof(arguments[3]);
  if (strcmp(kind, "probe") == 0) {
    probe(port, length);
    return 0;
  }
  open_clients(clients, epoll, port);
  announce_datagrams(clients, epoll, 0);
  totals = (struct totals){0};
  // The one who started us takes the processor time of the tracker between these two lines.
  printf("begin\n");
  fflush(stdout);
  double begin = seconds();
  if (strcmp(kind, "udp") == 0)
    announce_datagrams(clients, epoll, begin + length);
  else
    announce_by_http(port, begin + length, strcmp(kind, "keep") == 0);
  double took = seconds() - begin;
  printf("%.0f %lu %.1f %lu %lu\n", (double)totals.answers / took, totals.answers,
      totals.answers ? (double)totals.peers / (double)totals.answers : 0, totals.failures,
      totals.lost);
}
