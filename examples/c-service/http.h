#ifndef HTTP_H
#define HTTP_H

#include <stddef.h>
#include <stdint.h>

enum { largest_head = 8 * 1024, largest_body = 64 * 1024 };

enum verdict { incomplete, complete, malformed, too_large };

struct request {
  char method[8];
  char path[256];
  const char *body;
  size_t body_length;
  /* how much of the input it takes */
  size_t length;
  int keep_alive;
};

/* Reads the request at the beginning of the input; fills `request` only when it is complete. */
enum verdict read_request(const char *input, size_t length, struct request *request);

/* 64-bit FNV-1a */
uint64_t hash(const char *bytes, size_t length);

#endif
