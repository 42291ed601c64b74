/* The answers of GET: health, catalogue, documents, metrics. On the loop's thread; bodies are constants or
 * lie in the request's arena. */
#ifndef LOSSD_SERVER_PAGES_H
#define LOSSD_SERVER_PAGES_H

#include "server/request.h"

/* Fills request->answer's body and type; the status is 200 unless it is set. */
void lossd_page(struct lossd_request *request);

#endif
