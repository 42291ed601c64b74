/* The checks that a request's header section must pass before its body is read, in the contract's order. On
 * the loop's thread. */
#ifndef LOSSD_SERVER_CHECKS_H
#define LOSSD_SERVER_CHECKS_H

#include "server/request.h"

/* Runs them until one fails. 0, or the problem's status, with the problem in request->job.exchange. */
int lossd_check_head(struct lossd_request *request);
/* The problem of a request whose body is larger than all requests together may be; its status. */
int lossd_never_fits(struct lossd_request *request);
/* Whether the client waits for 100 (Continue) before it sends its body. */
bool lossd_request_expects_continue(const struct lossd_request *request);

#endif
