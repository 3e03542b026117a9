#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

// curl_easy_setopt and friends are variadic macros, which the importer skips: one typed function
// for each kind of argument stands in for them.
static inline CURLcode shoal_curl_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode shoal_curl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode shoal_curl_set_text(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode shoal_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
  return curl_easy_setopt(handle, option, value);
}
static inline CURLcode shoal_curl_set_write(
    CURL *handle, size_t (*value)(char *, size_t, size_t, void *)) {
  return curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, value);
}
static inline CURLcode shoal_curl_set_header(
    CURL *handle, size_t (*value)(char *, size_t, size_t, void *)) {
  return curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, value);
}
// The address that a socket is wanted for, without the type that names it: `struct curl_sockaddr`
// ends in a sockaddr, and a Swift file that sees it takes that type for one of libcurl's.
static inline CURLcode shoal_curl_set_opensocket(
    CURL *handle, curl_socket_t (*value)(void *context, int purpose, void *address)) {
  return curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, value);
}
static inline const void *shoal_curl_address_name(const void *address, unsigned *length) {
  const struct curl_sockaddr *wanted = address;
  *length = wanted->addrlen;
  return &wanted->addr;
}
static inline curl_socket_t shoal_curl_address_socket(const void *address) {
  const struct curl_sockaddr *wanted = address;
  return socket(wanted->family, wanted->socktype | SOCK_CLOEXEC, wanted->protocol);
}
static inline CURLcode shoal_curl_get_text(CURL *handle, CURLINFO info, const char **value) {
  return curl_easy_getinfo(handle, info, value);
}
static inline CURLcode shoal_curl_get_long(CURL *handle, CURLINFO info, long *value) {
  return curl_easy_getinfo(handle, info, value);
}
static inline CURLMcode shoal_curl_multi_set_pointer(CURLM *multi, CURLMoption option, void *value) {
  return curl_multi_setopt(multi, option, value);
}
static inline CURLMcode shoal_curl_multi_set_socket(
    CURLM *multi, int (*value)(CURL *, curl_socket_t, int, void *, void *)) {
  return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, value);
}
static inline CURLMcode shoal_curl_multi_set_timer(
    CURLM *multi, int (*value)(CURLM *, long, void *)) {
  return curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, value);
}
// Host and port of a URL as libcurl reads it: 0, or -1 where it is none or the host is too long.
static inline int shoal_curl_read_server(
    const char *url, char *host, size_t capacity, unsigned *port) {
  int result = -1;
  char *name = NULL, *number = NULL;
  CURLU *parsed = curl_url();
  if (parsed && !curl_url_set(parsed, CURLUPART_URL, url, 0) &&
      !curl_url_get(parsed, CURLUPART_HOST, &name, 0) &&
      !curl_url_get(parsed, CURLUPART_PORT, &number, CURLU_DEFAULT_PORT) &&
      strlen(name) < capacity) {
    strcpy(host, name);
    *port = (unsigned)strtoul(number, NULL, 10);
    result = 0;
  }
  curl_free(name);
  curl_free(number);
  curl_url_cleanup(parsed);
  return result;
}
