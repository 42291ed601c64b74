/* sd_notify(3) without its library: tells systemd, where it started lossd as Type=notify, how far lossd is.
 * Any thread. */
#ifndef LOSSD_SERVER_NOTIFY_H
#define LOSSD_SERVER_NOTIFY_H

#include <stdbool.h>

/* Sends state ("READY=1") to the socket that NOTIFY_SOCKET names; true when it was sent. Nobody waits for it
 * elsewhere: false, and no harm, where the variable is not set. */
bool lossd_notify(const char *state);

#endif
