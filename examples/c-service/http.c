#include "http.h"

#include <string.h>
#include <strings.h>

static const char *find(const char *text, size_t length, const char *what) {
  size_t size = strlen(what);
  for (size_t i = 0; i + size <= length; i++)
    if (memcmp(text + i, what, size) == 0) return text + i;
  return NULL;
}

/* Copies a word that ends with a space; 0 when it is empty, does not fit or has bytes that may not be there. */
static int copy_word(const char *text, size_t length, char *to, size_t size) {
  size_t i = 0;
  while (i < length && text[i] != ' ') {
    if (i + 1 >= size || text[i] < '!' || text[i] > '~') return 0;
    to[i] = text[i];
    i++;
  }
  if (i == 0 || i == length) return 0;
  to[i] = '\0';
  return 1;
}

static int is_header(const char *line, size_t length, const char *name) {
  size_t size = strlen(name);
  return length > size && line[size] == ':' && strncasecmp(line, name, size) == 0;
}

/* The number that a header's value is, or -1. */
static long number_of(const char *value, size_t length) {
  while (length > 0 && *value == ' ') value++, length--;
  while (length > 0 && value[length - 1] == ' ') length--;
  if (length == 0 || length > 9) return -1;
  long number = 0;
  for (size_t i = 0; i < length; i++) {
    if (value[i] < '0' || value[i] > '9') return -1;
    number = number * 10 + (value[i] - '0');
  }
  return number;
}

static int has_word(const char *value, size_t length, const char *word) {
  size_t size = strlen(word);
  for (size_t i = 0; i + size <= length; i++)
    if (strncasecmp(value + i, word, size) == 0) return 1;
  return 0;
}

enum verdict read_request(const char *input, size_t length, struct request *request) {
  size_t searched = length < largest_head ? length : largest_head;
  const char *end = find(input, searched, "\r\n\r\n");
  if (!end) return length >= largest_head ? too_large : incomplete;

  struct request found = {0};
  const char *line = input;
  const char *line_end = find(line, (size_t)(end - line) + 2, "\r\n");
  size_t size = (size_t)(line_end - line);
  if (!copy_word(line, size, found.method, sizeof found.method)) return malformed;
  size_t skipped = strlen(found.method) + 1;
  if (!copy_word(line + skipped, size - skipped, found.path, sizeof found.path)) return malformed;
  skipped += strlen(found.path) + 1;
  if (size - skipped != 8 || memcmp(line + skipped, "HTTP/1.", 7) != 0) return malformed;
  found.keep_alive = line[skipped + 7] == '1';

  long body = 0;
  int lengths = 0;
  for (line = line_end + 2; line < end + 2; line = line_end + 2) {
    line_end = find(line, (size_t)(end + 2 - line), "\r\n");
    size = (size_t)(line_end - line);
    if (is_header(line, size, "content-length")) {
      body = number_of(line + 15, size - 15);
      if (body < 0 || ++lengths > 1) return malformed;
    } else if (is_header(line, size, "transfer-encoding")) {
      return malformed;
    } else if (is_header(line, size, "connection") && has_word(line + 11, size - 11, "close")) {
      found.keep_alive = 0;
    }
  }
  if (body > largest_body) return too_large;
  found.body = end + 4;
  found.body_length = (size_t)body;
  found.length = (size_t)(end + 4 - input) + (size_t)body;
  if (length < found.length) return incomplete;
  *request = found;
  return complete;
}

uint64_t hash(const char *bytes, size_t length) {
  uint64_t value = 0xcbf29ce484222325u;
  for (size_t i = 0; i < length; i++) {
    value ^= (unsigned char)bytes[i];
    value *= 0x100000001b3u;
  }
  return value;
}
