/* Connections: what each one of a loop is doing and since when, to find the slow, the silent and the gone.
 * The HTTP library knows one timeout, which it looks at before it reads what has come, and does not look at
 * connections whose request is being computed. On the loop's thread. */
#ifndef LOSSD_SERVER_CONNECTIONS_H
#define LOSSD_SERVER_CONNECTIONS_H

#include <uv.h>

#include "server/request.h"

enum lossd_activity {
  LOSSD_CONNECTED, /* nothing but part of a request line has come */
  LOSSD_BETWEEN,   /* idle between two requests */
  LOSSD_HEAD,      /* the request line has come */
  LOSSD_BODY,
  LOSSD_WORK, /* the request is complete, the answer is not */
  LOSSD_ANSWER
};

struct lossd_http;

struct lossd_connection {
  struct lossd_connection *next, **link;
  struct lossd_http *http; /* its front */
  uv_loop_t *loop;
  int socket;
  bool tcp;
  void *tls; /* session, or NULL */
  enum lossd_activity activity;
  uint64_t since;        /* of the activity, or of the window of a body */
  uint64_t window_bytes; /* received in it */
  atomic_bool probed;
  bool ended;
  struct lossd_request *request; /* from its line to its answer */
  enum lossd_connection_verdict verdict;
  uint64_t client;
  char remote[LOSSD_CLIENT_TEXT];
};

struct lossd_connections {
  struct lossd_connection *first;
  const struct lossd_config *config;
  int count;
};

void lossd_connections_add(struct lossd_connections *connections, struct lossd_connection *connection);
void lossd_connections_remove(struct lossd_connections *connections, struct lossd_connection *connection);
void lossd_connection_turns_to(struct lossd_connection *connection, enum lossd_activity activity);

/* Ends connections that are too slow, with 408 where that can be said, and cancels jobs whose deadline passed
 * or whose client is gone; `cancelled` hears of those. */
void lossd_connections_sweep(struct lossd_connections *connections,
                             void (*cancelled)(struct lossd_job *, void *), void *context);
/* True while there is one whose first request has not begun, for `seconds` at most since it came. */
bool lossd_connections_await(const struct lossd_connections *connections, double seconds);
/* True when the client sends no more; it may still wait for the answer. */
bool lossd_connection_is_half_closed(const struct lossd_connection *connection);
/* True when the client has closed the connection for good. Any thread may ask while its job is under way. */
bool lossd_connection_is_gone(struct lossd_connection *connection);
/* Writes bytes past the HTTP library and sends no more: for answers in mid-request. */
void lossd_connection_send_last(struct lossd_connection *connection, const char *bytes, size_t length);
/* The HTTP library sees the end of the connection next. */
void lossd_connection_end(struct lossd_connection *connection);

#endif
