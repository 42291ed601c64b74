/* A request: from its first line to the last byte of its answer. It belongs to its connection's loop and is
 * used on that thread alone; only its job visits the workers. Knows nothing of the HTTP library.
 *
 *   begin -> head -> body ... -> end -> [submit -> finish] -> answer -> release
 *
 * A refusal anywhere becomes the problem in job.exchange, and the answer is made of it at the end. */
#ifndef LOSSD_SERVER_REQUEST_H
#define LOSSD_SERVER_REQUEST_H

#include "server/guard.h"
#include "server/holding.h"
#include "server/job.h"
#include "server/routes.h"
#include "server/server.h"
#include "server/trace.h"

/* Refused bodies up to this size are read and forgotten, so that the connection stays usable. */
#define LOSSD_SWALLOW ((uint64_t)65536)
#define LOSSD_ANSWER_HEADERS 16

struct lossd_answer {
  int status;
  const char *content_type; /* NULL: no body */
  const char *body;
  size_t length;
  struct lossd_header headers[LOSSD_ANSWER_HEADERS];
  int header_count;
};

struct lossd_request {
  struct lossd_job job;       /* first: a job's owner is its request */
  struct lossd_request *next; /* of spare ones */
  struct lossd_server *server;
  void *connection; /* the HTTP library's */
  bool headed;      /* the header section was seen */
  bool framing; /* refused for what may be read in two ways: nothing after it on the connection is believed */
  bool admitted; /* counts as a job */
  bool stranger; /* without a certificate of --tls-client-ca's authorities */
  enum lossd_connection_verdict verdict;

  const char *method; /* borrowed from the HTTP library, valid until release */
  char *uri;          /* as it came, cut at LOSSD_MAX_URI + 1 bytes */
  size_t uri_length;
  const char *uri_place; /* where it stood in the HTTP library's buffer */
  struct lossd_guard guard;
  struct lossd_match match;
  const struct lossd_loss *loss; /* that the path names */
  bool inference;                /* errors in the Open Inference style */
  bool chunked;
  uint64_t declared; /* Content-Length; 0 when there is none */

  char *body;
  size_t body_capacity, body_length;
  size_t held_bytes; /* of the body, as they came */
  uint64_t swallowed;
  struct lossd_answer answer;
  char server_timing[144], request_id[LOSSD_REQUEST_ID], traceparent[LOSSD_TRACE_PARENT], retry_after[8],
      etag[32];
  const char *remote; /* borrowed from the connection */
  uint64_t began;
  struct lossd_holding holding; /* last: it is kept from one request to the next */
};

struct lossd_request *lossd_request_new(struct lossd_server *server);
void lossd_request_free(struct lossd_request *request);

/* After the request line. request is new or was released. False: no memory. */
bool lossd_request_begin(struct lossd_request *request, struct lossd_server *server, const char *uri);
void lossd_request_release(struct lossd_request *request);

/* After the header section, with request->guard, method, stranger and verdict filled. Runs the checks of the
 * contract in its order, all that can be made before the body. False: refused, the answer is ready. */
bool lossd_request_head(struct lossd_request *request);
bool lossd_request_refused(const struct lossd_request *request);
/* Refused, and its body is neither absent nor small enough to be swallowed. */
bool lossd_request_must_close(const struct lossd_request *request);

/* A piece of the body. False: refused, and too much of it has come to go on reading. */
bool lossd_request_body(struct lossd_request *request, const char *data, size_t length);
/* The body is complete. True: the answer is ready. False: the job is to be submitted. */
bool lossd_request_end(struct lossd_request *request);
/* Counts the job's work against what is admitted. False: refused, the answer is ready. */
bool lossd_request_admit_work(struct lossd_request *request);
/* The job is done: makes the answer of it. */
void lossd_request_finish(struct lossd_request *request);

/* Refuses in the middle of things; the answer is ready. */
void lossd_request_refuse(struct lossd_request *request, int status, const char *detail, const char *hint);

#endif
