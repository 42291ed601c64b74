/* `lossd --ready`: asks a running server, where the configuration says it is, whether it is ready. */
#ifndef LOSSD_SERVER_READY_H
#define LOSSD_SERVER_READY_H

#include "server/config.h"

/* The exit code: 0 when it is. Otherwise says why on standard error. */
int lossd_ready(const struct lossd_config *config);

#endif
