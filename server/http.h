/* HTTP: one front of a loop, a listening socket and its connections. http.c alone knows the HTTP library: it
 * turns the library's callbacks into the steps of server/request.h. Everything runs on the loop's thread. */
#ifndef LOSSD_SERVER_HTTP_H
#define LOSSD_SERVER_HTTP_H

#include <uv.h>

#include "server/connections.h"
#include "server/linger.h"
#include "server/pool.h"
#include "server/server.h"

struct lossd_http {
  void *daemon; /* the HTTP library's, which http.c alone names */
  struct lossd_server *server;
  struct lossd_pool *pool;
  int listening; /* -1: no longer */
  uv_poll_t poll;
  uv_timer_t timer; /* looks for the slow and the gone */
  uv_timer_t again; /* the library has more to do at once */
  uv_check_t turn;
  bool dirty;
  bool stopped;
  int active; /* requests */
  struct lossd_connections connections;
  struct lossd_linger linger;
  struct lossd_request *spare;
  void (*idle)(struct lossd_http *http); /* the server is finishing and nothing is under way */
  void *context;
};

/* Serves what connects to the listening socket, which becomes the front's. 0, or -1 when the library refuses
 * or the loop cannot watch it. */
int lossd_http_start(struct lossd_http *http, struct lossd_server *server, struct lossd_pool *pool,
                     int listening, void (*idle)(struct lossd_http *), void *context);
/* The server's phase changed: calls idle as soon as nothing is under way. */
void lossd_http_notice_phase(struct lossd_http *http);
/* Closes everything; only while nothing is under way. The loop must run on until the handles are closed. */
void lossd_http_stop(struct lossd_http *http);

#endif
