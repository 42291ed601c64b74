/* Listening sockets: TCP, Unix, and those that the service manager opened for us. Called by serve.c before
 * the loops run. */
#ifndef LOSSD_SERVER_LISTEN_H
#define LOSSD_SERVER_LISTEN_H

#include "server/config.h"

#define LOSSD_MAX_SOCKETS 64
#define LOSSD_ADDRESS_TEXT 512

struct lossd_listeners {
  int sockets[LOSSD_MAX_SOCKETS];
  int count;
  bool inherited;                   /* the service manager listens on after us */
  const char *unix_path;            /* to unlink at the end, or NULL */
  bool no_such_host;                /* why nothing listens */
  char address[LOSSD_ADDRESS_TEXT]; /* "http://127.0.0.1:8080", "unix:/run/lossd.sock" */
};

/* Opens what the configuration and the environment (LISTEN_PID, LISTEN_FDS) say: inherited sockets, else the
 * Unix socket, else host and port. There are at least config->io_threads sockets, one for each loop. False,
 * with the reason in error. */
bool lossd_listen(struct lossd_listeners *listeners, const struct lossd_config *config,
                  char error[LOSSD_ERROR_TEXT]);
/* Removes the Unix socket's path; the sockets belong to the fronts. */
void lossd_listen_end(struct lossd_listeners *listeners);
/* Connects to where the configuration says a server is; the socket, or -1 with the reason in error. */
int lossd_connect(const struct lossd_config *config, char error[LOSSD_ERROR_TEXT]);

#endif
