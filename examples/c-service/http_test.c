#include "http.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum verdict read_text(const char *text, struct request *request) {
  return read_request(text, strlen(text), request);
}

static void reads_requests(void) {
  struct request request;
  assert(read_text("GET /health HTTP/1.1\r\nHost: x\r\n\r\n", &request) == complete);
  assert(strcmp(request.method, "GET") == 0 && strcmp(request.path, "/health") == 0);
  assert(request.keep_alive && request.body_length == 0);
  assert(read_text("POST /hash HTTP/1.1\r\nCONTENT-length:  5 \r\nConnection: Close\r\n\r\nhelloGET", &request) == complete);
  assert(request.body_length == 5 && memcmp(request.body, "hello", 5) == 0 && !request.keep_alive);
  assert(read_text("GET / HTTP/1.0\r\n\r\n", &request) == complete && !request.keep_alive);
}

static void refuses_what_is_wrong(void) {
  struct request request;
  const char *wrong[] = {
      "\r\n\r\n",
      " / HTTP/1.1\r\n\r\n",
      "GET\r\n\r\n",
      "GET  HTTP/1.1\r\n\r\n",
      "GET / HTTP/2.0\r\n\r\n",
      "GET / x HTTP/1.1\r\n\r\n",
      "GETGETGETGET / HTTP/1.1\r\n\r\n",
      "GET /\x01 HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
      "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert(read_text(wrong[i], &request) == malformed);
  assert(read_text("POST / HTTP/1.1\r\nContent-Length: 70000\r\n\r\n", &request) == too_large);
  char *long_head = malloc(largest_head + 1);
  memset(long_head, 'x', largest_head);
  long_head[largest_head] = '\0';
  assert(read_text(long_head, &request) == too_large);
  free(long_head);
}

/* Whatever arrives, and however little of it, nothing outside of it is read. */
static void survives_anything(void) {
  const char *text = "POST /hash HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
  struct request request;
  for (size_t length = 0; length < strlen(text); length++) {
    char *copy = malloc(length ? length : 1);
    memcpy(copy, text, length);
    assert(read_request(copy, length, &request) == incomplete);
    free(copy);
  }
  srand(7);
  for (int i = 0; i < 200000; i++) {
    size_t length = strlen(text);
    char *copy = malloc(length);
    memcpy(copy, text, length);
    for (int changes = rand() % 4; changes >= 0; changes--) copy[(size_t)rand() % length] = (char)rand();
    enum verdict verdict = read_request(copy, length, &request);
    if (verdict == complete) assert(request.length <= length && request.body + request.body_length <= copy + length);
    free(copy);
  }
}

int main(void) {
  reads_requests();
  refuses_what_is_wrong();
  survives_anything();
  assert(hash("", 0) == 0xcbf29ce484222325u);
  assert(hash("hello", 5) == 0xa430d84680aabd0bu);
  puts("http: all well");
  return 0;
}
