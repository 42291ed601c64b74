/* Lingering: a connection was answered and closed while its client still sends. Closing a socket with unread
 * data resets it, and the reset can destroy the answer before the client reads it. So a duplicate of the
 * socket stays open and what comes is read and forgotten, until the client ends, or for a bounded time and
 * number of bytes. On the loop's thread. */
#ifndef LOSSD_SERVER_LINGER_H
#define LOSSD_SERVER_LINGER_H

#include <uv.h>

struct lossd_lingerer;

struct lossd_linger {
  uv_loop_t *loop;
  struct lossd_lingerer *first;
  int count;
};

void lossd_linger_init(struct lossd_linger *linger, uv_loop_t *loop);
/* Call before the socket is closed. Does nothing when too many linger already. */
void lossd_linger_on(struct lossd_linger *linger, int socket);
/* How long a client may go on sending. */
#define LOSSD_LINGER_SECONDS 20.0
/* Ends those who have lingered that long, or for `seconds`. */
void lossd_linger_sweep(struct lossd_linger *linger, double seconds);

#endif
