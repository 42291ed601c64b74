/* Answers: makes a request's status, headers and body. Values that are not constants lie in the request or
 * its arena. On the loop's thread. */
#ifndef LOSSD_SERVER_ANSWER_H
#define LOSSD_SERVER_ANSWER_H

#include "server/request.h"

/* Each fills request->answer: from the exchange's problem; from the exchange that was encoded; from the page
 * of its route; for a CORS preflight. */
void lossd_answer_problem(struct lossd_request *request);
void lossd_answer_evaluation(struct lossd_request *request);
void lossd_answer_page(struct lossd_request *request);
void lossd_answer_preflight(struct lossd_request *request);
/* Adds a header; name and value are not copied. */
void lossd_answer_header(struct lossd_request *request, const char *name, const char *value);
/* The answer as the bytes of a whole HTTP/1.1 message that ends the connection, in the request's arena; NULL:
 * no memory. */
const char *lossd_answer_message(struct lossd_request *request, size_t *length);

#endif
