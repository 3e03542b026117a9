// Many datagrams to a system call: recvmmsg(2) and sendmmsg(2) over buffers that are allocated once.
#ifndef SHOAL_DATAGRAMS_H
#define SHOAL_DATAGRAMS_H

#include <stddef.h>
#include <stdint.h>

struct shoal_datagram_batch;

// A datagram as it came, and room for its answer.
struct shoal_datagram {
  // NULL where it was longer than the batch has room for.
  const uint8_t *request;
  size_t request_length;
  const void *source;  // a sockaddr_storage
  uint8_t *reply;
};

// NULL without memory. Lengths are in bytes.
struct shoal_datagram_batch *shoal_datagram_batch_create(
    unsigned capacity, size_t longest_request, size_t longest_reply);
void shoal_datagram_batch_destroy(struct shoal_datagram_batch *batch);

// Takes what has arrived, up to the capacity, without waiting; the count, or -1 with errno.
int shoal_datagram_batch_receive(struct shoal_datagram_batch *batch, int socket);

// The datagram at `index` of those last received.
struct shoal_datagram shoal_datagram_batch_at(struct shoal_datagram_batch *batch, int index);

// Has `length` bytes of the reply at `index` sent to the source; once for each index, in order.
void shoal_datagram_batch_answer(struct shoal_datagram_batch *batch, int index, size_t length);

// Has a datagram sent to the sockaddr at `address`, in a batch that receives nothing; the bytes are
// copied, at most as many as the longest reply. Returns how many there is room for after it.
unsigned shoal_datagram_batch_add(
    struct shoal_datagram_batch *batch, const void *bytes, size_t length, const void *address,
    unsigned address_length);

// Sends the answers. One that the network does not take now is lost, as any datagram may be.
void shoal_datagram_batch_send(struct shoal_datagram_batch *batch, int socket);

#endif
