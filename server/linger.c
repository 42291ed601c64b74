#include "server/linger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 64 };
#define MOST_BYTES ((uint64_t)1 << 30)

struct lossd_lingerer {
  uv_poll_t poll;
  struct lossd_linger *linger;
  struct lossd_lingerer *next, **link;
  int socket;
  uint64_t began, bytes;
};

void lossd_linger_init(struct lossd_linger *linger, uv_loop_t *loop) {
  *linger = (struct lossd_linger){.loop = loop};
}

static void closed(uv_handle_t *handle) {
  struct lossd_lingerer *lingerer = handle->data;
  close(lingerer->socket);
  free(lingerer);
}

static void end(struct lossd_lingerer *lingerer) {
  *lingerer->link = lingerer->next;
  if (lingerer->next) lingerer->next->link = lingerer->link;
  lingerer->linger->count--;
  uv_close((uv_handle_t *)&lingerer->poll, closed);
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  char nowhere[65536];
  struct lossd_lingerer *lingerer = poll->data;
  (void)events;
  ssize_t got = status < 0 ? 0 : recv(lingerer->socket, nowhere, sizeof nowhere, MSG_DONTWAIT | MSG_TRUNC);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got > 0) lingerer->bytes += (uint64_t)got;
  if (got <= 0 || lingerer->bytes > MOST_BYTES) end(lingerer);
}

void lossd_linger_on(struct lossd_linger *linger, int socket) {
  struct lossd_lingerer *lingerer = linger->count < MOST ? calloc(1, sizeof *lingerer) : NULL;
  if (!lingerer) return;
  lingerer->linger = linger;
  lingerer->began = uv_hrtime();
  lingerer->socket = fcntl(socket, F_DUPFD_CLOEXEC, 0);
  lingerer->poll.data = lingerer;
  if (lingerer->socket < 0 || uv_poll_init_socket(linger->loop, &lingerer->poll, lingerer->socket) != 0) {
    if (lingerer->socket >= 0) close(lingerer->socket);
    free(lingerer);
    return;
  }
  lingerer->next = linger->first;
  lingerer->link = &linger->first;
  if (linger->first) linger->first->link = &lingerer->next;
  linger->first = lingerer;
  linger->count++;
  uv_poll_start(&lingerer->poll, UV_READABLE | UV_DISCONNECT, on_readable);
}

void lossd_linger_sweep(struct lossd_linger *linger, double seconds) {
  uint64_t now = uv_hrtime();
  for (struct lossd_lingerer *lingerer = linger->first, *next; lingerer; lingerer = next) {
    next = lingerer->next;
    if ((double)(now - lingerer->began) >= seconds * 1e9) end(lingerer);
  }
}
