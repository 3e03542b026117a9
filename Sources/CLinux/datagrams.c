#define _GNU_SOURCE
#include "datagrams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

// Index i of every array belongs to the i-th datagram received; `answers` is filled from its start,
// and each answer points at the source and the reply of its request.
struct shoal_datagram_batch {
  unsigned capacity;
  unsigned answer_count;
  size_t longest_request;
  size_t longest_reply;
  struct mmsghdr *received;
  struct mmsghdr *answers;
  struct iovec *received_parts;
  struct iovec *answer_parts;
  struct sockaddr_storage *sources;
  uint8_t *requests;
  uint8_t *replies;
};

struct shoal_datagram_batch *shoal_datagram_batch_create(
    unsigned capacity, size_t longest_request, size_t longest_reply) {
  struct shoal_datagram_batch *batch = calloc(1, sizeof *batch);
  if (!batch) return NULL;
  batch->capacity = capacity;
  batch->longest_request = longest_request;
  batch->longest_reply = longest_reply;
  batch->received = calloc(capacity, sizeof *batch->received);
  batch->answers = calloc(capacity, sizeof *batch->answers);
  batch->received_parts = calloc(capacity, sizeof *batch->received_parts);
  batch->answer_parts = calloc(capacity, sizeof *batch->answer_parts);
  batch->sources = calloc(capacity, sizeof *batch->sources);
  batch->requests = calloc(capacity, longest_request);
  batch->replies = calloc(capacity, longest_reply);
  if (!batch->received || !batch->answers || !batch->received_parts || !batch->answer_parts ||
      !batch->sources || !batch->requests || !batch->replies) {
    shoal_datagram_batch_destroy(batch);
    return NULL;
  }
  for (unsigned i = 0; i < capacity; i++) {
    batch->received_parts[i] = (struct iovec){batch->requests + i * longest_request, longest_request};
    batch->received[i].msg_hdr.msg_name = &batch->sources[i];
    batch->received[i].msg_hdr.msg_iov = &batch->received_parts[i];
    batch->received[i].msg_hdr.msg_iovlen = 1;
    batch->answers[i].msg_hdr.msg_iov = &batch->answer_parts[i];
    batch->answers[i].msg_hdr.msg_iovlen = 1;
  }
  return batch;
}

void shoal_datagram_batch_destroy(struct shoal_datagram_batch *batch) {
  free(batch->received);
  free(batch->answers);
  free(batch->received_parts);
  free(batch->answer_parts);
  free(batch->sources);
  free(batch->requests);
  free(batch->replies);
  free(batch);
}

int shoal_datagram_batch_receive(struct shoal_datagram_batch *batch, int socket) {
  // The kernel leaves the length of each address it wrote where it found the room for one.
  for (unsigned i = 0; i < batch->capacity; i++)
    batch->received[i].msg_hdr.msg_namelen = sizeof *batch->sources;
  batch->answer_count = 0;
  int count;
  do {
    count = recvmmsg(socket, batch->received, batch->capacity, MSG_DONTWAIT, NULL);
  } while (count < 0 && errno == EINTR);
  return count;
}

struct shoal_datagram shoal_datagram_batch_at(struct shoal_datagram_batch *batch, int index) {
  const struct mmsghdr *message = &batch->received[index];
  int is_cut = message->msg_hdr.msg_flags & MSG_TRUNC;
  return (struct shoal_datagram){
      .request = is_cut ? NULL : batch->requests + (size_t)index * batch->longest_request,
      .request_length = is_cut ? 0 : message->msg_len,
      .source = &batch->sources[index],
      .reply = batch->replies + (size_t)index * batch->longest_reply,
  };
}

void shoal_datagram_batch_answer(struct shoal_datagram_batch *batch, int index, size_t length) {
  struct mmsghdr *answer = &batch->answers[batch->answer_count];
  answer->msg_hdr.msg_name = &batch->sources[index];
  answer->msg_hdr.msg_namelen = batch->received[index].msg_hdr.msg_namelen;
  batch->answer_parts[batch->answer_count] =
      (struct iovec){batch->replies + (size_t)index * batch->longest_reply, length};
  batch->answer_count++;
}

unsigned shoal_datagram_batch_add(
    struct shoal_datagram_batch *batch, const void *bytes, size_t length, const void *address,
    unsigned address_length) {
  unsigned index = batch->answer_count;
  if (index == batch->capacity || length > batch->longest_reply ||
      address_length > sizeof *batch->sources)
    return batch->capacity - index;
  uint8_t *place = batch->replies + (size_t)index * batch->longest_reply;
  memcpy(place, bytes, length);
  memcpy(&batch->sources[index], address, address_length);
  batch->answers[index].msg_hdr.msg_name = &batch->sources[index];
  batch->answers[index].msg_hdr.msg_namelen = address_length;
  batch->answer_parts[index] = (struct iovec){place, length};
  return batch->capacity - ++batch->answer_count;
}

void shoal_datagram_batch_send(struct shoal_datagram_batch *batch, int socket) {
  unsigned sent = 0;
  while (sent < batch->answer_count) {
    int count = sendmmsg(socket, batch->answers + sent, batch->answer_count - sent, MSG_DONTWAIT);
    if (count > 0)
      sent += (unsigned)count;
    else if (errno != EINTR)
      sent++;  // this one cannot be sent; those behind it may
  }
  batch->answer_count = 0;
}
