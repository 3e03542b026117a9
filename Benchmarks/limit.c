// The least that one seeder and one leecher have to do on this machine, for comparison: blocks of
// 16 KiB behind the 13 bytes of a PIECE message cross loopback, every piece of 1 MiB is hashed with
// SHA-1 in a thread of its own while it is in cache, and written to a file. Nothing is requested,
// chosen, checked against anything or shown.
//
// usage: limit SOURCE COPY      prints: seconds, processor seconds of sender and of receiver
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HEADER = 13, BLOCK = 16 << 10, PIECE = 1 << 20, BLOCKS = PIECE / BLOCK, BUFFERS = 8 };

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double seconds(struct timeval t) { return t.tv_sec + t.tv_usec * 1e-6; }

static double cpu(const struct rusage *usage) {
  return seconds(usage->ru_utime) + seconds(usage->ru_stime);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

// Header and block leave together: the header waits in the kernel (MSG_MORE) for the pages.
static void send_all(int source, off_t length, const struct sockaddr_in *to) {
  int out = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(out, (const struct sockaddr *)to, sizeof *to)) fail("connect");
  char header[HEADER] = {0};
  for (off_t offset = 0; offset < length;) {
    if (send(out, header, HEADER, MSG_MORE) != HEADER) fail("send");
    for (off_t end = offset + BLOCK; offset < end;)
      if (sendfile(out, source, &offset, end - offset) <= 0) fail("sendfile");
  }
}

static unsigned char *buffers[BUFFERS];
static sem_t vacant, arrived;
static int copy;
static long pieces;

static void *hash_and_write(void *unused) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  unsigned char digest[20];
  for (long piece = 0; piece < pieces; piece++) {
    while (sem_wait(&arrived)) {}
    unsigned char *bytes = buffers[piece % BUFFERS];
    EVP_DigestInit_ex(context, EVP_sha1(), NULL);
    EVP_DigestUpdate(context, bytes, PIECE);
    EVP_DigestFinal_ex(context, digest, NULL);
    if (pwrite(copy, bytes, PIECE, (off_t)piece * PIECE) != PIECE) fail("pwrite");
    sem_post(&vacant);
  }
  EVP_MD_CTX_free(context);
  return unused;
}

static void receive_piece(int in, unsigned char *bytes) {
  static char headers[BLOCKS][HEADER];
  struct iovec parts[2 * BLOCKS], *part = parts;
  for (int block = 0; block < BLOCKS; block++) {
    parts[2 * block] = (struct iovec){headers[block], HEADER};
    parts[2 * block + 1] = (struct iovec){bytes + block * BLOCK, BLOCK};
  }
  for (size_t left = BLOCKS * (HEADER + BLOCK); left;) {
    ssize_t count = readv(in, part, parts + 2 * BLOCKS - part);
    if (count <= 0) fail("readv");
    left -= count;
    for (; count && (size_t)count >= part->iov_len; part++) count -= part->iov_len;
    if (count) {
      part->iov_base = (char *)part->iov_base + count;
      part->iov_len -= count;
    }
  }
}

int main(int count, char **words) {
  if (count != 3) {
    fprintf(stderr, "usage: limit SOURCE COPY\n");
    return 2;
  }
  int source = open(words[1], O_RDONLY);
  struct stat status;
  if (source < 0 || fstat(source, &status)) fail(words[1]);
  pieces = status.st_size / PIECE;
  if (!pieces || status.st_size % PIECE) {
    fprintf(stderr, "limit: %s is no multiple of 1 MiB\n", words[1]);
    return 2;
  }
  copy = open(words[2], O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (copy < 0) fail(words[2]);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1) ||
      getsockname(listener, (struct sockaddr *)&address, &length))
    fail("listen");

  double began = now();
  pid_t sender = fork();
  if (sender < 0) fail("fork");
  if (!sender) {
    send_all(source, (off_t)pieces * PIECE, &address);
    return 0;
  }
  for (int n = 0; n < BUFFERS; n++)
    if (!(buffers[n] = aligned_alloc(4096, PIECE))) fail("memory");
  sem_init(&vacant, 0, BUFFERS);
  sem_init(&arrived, 0, 0);
  pthread_t hasher;
  if ((errno = pthread_create(&hasher, NULL, hash_and_write, NULL))) fail("thread");
  int in = accept(listener, NULL, NULL);
  for (long piece = 0; piece < pieces; piece++) {
    while (sem_wait(&vacant)) {}
    receive_piece(in, buffers[piece % BUFFERS]);
    sem_post(&arrived);
  }
  pthread_join(hasher, NULL);
  double wall = now() - began;
  int code;
  struct rusage theirs, ours;
  if (wait4(sender, &code, 0, &theirs) != sender || code) fail("the sender failed");
  getrusage(RUSAGE_SELF, &ours);
  printf("%.6f %.6f %.6f\n", wall, cpu(&theirs), cpu(&ours));
  return 0;
}
