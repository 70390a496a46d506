/* Answers the hash of what is posted to /hash, on 127.0.0.1:$PORT. */
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { most_clients = 256, idle_seconds = 60, input_size = largest_head + largest_body };

struct client {
  int fd; /* -1 when the place is free */
  size_t length;
  time_t active;
  char output[512];
  size_t output_length, output_sent;
  int closing;
  char input[input_size];
};

static volatile sig_atomic_t stopping = 0;
static void stop(int signal) {
  (void)signal;
  stopping = 1;
}

static const char *about(const char *name, const char *otherwise) {
  const char *value = getenv(name);
  return value && strlen(value) < 60 ? value : otherwise;
}

static void say(struct client *client, int status, const char *reason, const char *body, int keep_alive) {
  keep_alive = keep_alive && !stopping;
  int length = snprintf(client->output, sizeof client->output,
                        "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: %s\r\n\r\n%s",
                        status, reason, strlen(body), keep_alive ? "keep-alive" : "close", body);
  client->output_length = (size_t)length;
  client->output_sent = 0;
  client->closing = !keep_alive;
}

static void answer(struct client *client, const struct request *request) {
  int is_get = strcmp(request->method, "GET") == 0;
  char body[256];
  if (is_get && strcmp(request->path, "/health") == 0) {
    say(client, 200, "OK", "ok\n", request->keep_alive);
  } else if (is_get && strcmp(request->path, "/") == 0) {
    snprintf(body, sizeof body, "hash-server, release %s in %s\n", about("FAIRLEAD_RELEASE", "of the working tree"),
             about("FAIRLEAD_ENVIRONMENT", "no environment"));
    say(client, 200, "OK", body, request->keep_alive);
  } else if (strcmp(request->method, "POST") == 0 && strcmp(request->path, "/hash") == 0) {
    snprintf(body, sizeof body, "%016" PRIx64 "\n", hash(request->body, request->body_length));
    say(client, 200, "OK", body, request->keep_alive);
  } else {
    say(client, 404, "Not Found", "there is nothing here\n", request->keep_alive);
  }
}

/* Takes the next whole request from the input, when the answer before it has gone out. */
static void advance(struct client *client) {
  if (client->output_length > 0 || client->closing) return;
  struct request request;
  switch (read_request(client->input, client->length, &request)) {
    case incomplete:
      break;
    case malformed:
      say(client, 400, "Bad Request", "this is not HTTP/1.1\n", 0);
      break;
    case too_large:
      say(client, 413, "Content Too Large", "at most 64 KB\n", 0);
      break;
    case complete:
      answer(client, &request);
      client->length -= request.length;
      memmove(client->input, client->input + request.length, client->length);
  }
}

/* 0 when the connection has ended. */
static int receive(struct client *client) {
  ssize_t count = recv(client->fd, client->input + client->length, input_size - client->length, 0);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  client->length += (size_t)count;
  return count > 0;
}

static int transmit(struct client *client) {
  while (client->output_length > 0) {
    ssize_t count = send(client->fd, client->output + client->output_sent, client->output_length - client->output_sent, 0);
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    client->output_sent += (size_t)count;
    if (client->output_sent < client->output_length) continue;
    client->output_length = 0;
    if (client->closing) return 0;
    advance(client);
  }
  return 1;
}

static int listen_on(long port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  int yes = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0) return -1;
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 128) != 0) return -1;
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

static void admit(int listener, struct client *clients) {
  for (int i = 0; i < most_clients; i++) {
    if (clients[i].fd >= 0) continue;
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) return;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    clients[i].fd = fd;
    clients[i].length = clients[i].output_length = 0;
    clients[i].closing = 0;
    clients[i].active = time(NULL);
  }
}

static void serve(struct client *client, short events) {
  int open = 1;
  if (events & (POLLIN | POLLHUP | POLLERR)) open = receive(client);
  if (open) {
    if (events) client->active = time(NULL);
    advance(client);
    open = transmit(client);
  }
  int is_idle = client->length == 0 && client->output_length == 0;
  if (open && !(stopping && is_idle) && time(NULL) - client->active < idle_seconds) return;
  close(client->fd);
  client->fd = -1;
}

int main(void) {
  char *end = NULL;
  long port = strtol(about("PORT", "8000"), &end, 10);
  int listener = *end == '\0' && port > 0 && port < 65536 ? listen_on(port) : -1;
  struct client *clients = calloc(most_clients, sizeof *clients);
  if (listener < 0 || !clients) {
    fprintf(stderr, "cannot listen on port %ld: %s\n", port, strerror(errno));
    return 1;
  }
  for (int i = 0; i < most_clients; i++) clients[i].fd = -1;
  struct sigaction action = {.sa_handler = stop};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  signal(SIGPIPE, SIG_IGN);
  printf("listening on %ld\n", port);
  fflush(stdout);

  for (;;) {
    struct pollfd polled[most_clients + 1];
    int busy = 0;
    for (int i = 0; i < most_clients; i++) {
      short wanted = clients[i].output_length > 0 ? POLLOUT : clients[i].length < input_size ? POLLIN : 0;
      polled[i] = (struct pollfd){.fd = clients[i].fd, .events = wanted};
      if (clients[i].fd >= 0) busy++;
    }
    if (stopping && busy == 0) break;
    if (stopping && listener >= 0) {
      close(listener);
      listener = -1;
    }
    /* No place left: who comes next waits in the queue of the system. */
    polled[most_clients] = (struct pollfd){.fd = busy < most_clients ? listener : -1, .events = POLLIN};
    if (poll(polled, most_clients + 1, stopping ? 100 : 1000) < 0 && errno != EINTR) return 1;
    for (int i = 0; i < most_clients; i++)
      if (clients[i].fd >= 0) serve(&clients[i], polled[i].revents);
    if (polled[most_clients].revents & POLLIN) admit(listener, clients);
  }
  free(clients);
  return 0;
}
