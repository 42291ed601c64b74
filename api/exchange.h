/* One evaluation request and its answer, as pure functions of bytes: no sockets, no threads of its own.
 *
 *   init -> decode -> run for each slice -> encode -> (send answer) -> the owner resets the arena
 *
 * decode finds the evaluation in the body and plans it; run computes one slice; encode finishes the
 * evaluation and writes the answer's body. A failure anywhere is kept in `problem`: the steps after it do
 * nothing, and encode writes it as the answer. So a caller needs no branches: it calls decode, run for 0 <=
 * slice < slices, and encode.
 *
 * Memory: the request's bytes are borrowed until encode returns; everything else, the answer included, lives
 * in `arena`, which the caller owns. One thread at a time, except read, run and piece, which any number of
 * threads may call at once for different pieces and slices. */
#ifndef LOSSD_API_EXCHANGE_H
#define LOSSD_API_EXCHANGE_H

#include "api/cancel.h"
#include "api/problem.h"
#include "core/loss.h"
#include "core/plan.h"

struct lossd_exchange;

/* A spelling of requests and answers. The table of all: lossd_formats. */
struct lossd_format {
  const char *content_type;
  const char *alias; /* another content type for the same thing, or NULL */
  enum lossd_error_style errors;
  /* Body -> x->evaluation (tensors, options, gradients, id). */
  int (*decode)(struct lossd_exchange *x);
  /* Optional, after decode: reads piece `piece` of the x->reads into which decode cut what takes long. */
  int (*read)(const struct lossd_exchange *x, size_t piece, struct lossd_problem *problem);
  /* Optional, of a problem: x->problem.pointer, which names tensors and options as JSON has them, becomes
   * their place in this format's body, and a hint about the body this format's. */
  void (*locate)(struct lossd_exchange *x);
  /* After planning: gives x->plan its buffers (loss_data, grad[]), in their final place where
   * the format can. */
  int (*layout)(struct lossd_exchange *x);
  /* After computing: x->answer and its headers. */
  int (*encode)(struct lossd_exchange *x);
  /* Optional, before encode: how many pieces the answer is written in (x->pieces, x->piece_bytes); one of
   * them into scratch, which gives its length; and where it goes. encode writes those that were not. */
  void (*split)(struct lossd_exchange *x);
  size_t (*piece)(struct lossd_exchange *x, size_t piece, char *scratch);
  char *(*place)(struct lossd_exchange *x, size_t length);
};

extern const struct lossd_format lossd_format_json, lossd_format_raw, lossd_format_safetensors,
    lossd_format_open_inference;

/* The /v1 format of a Content-Type value (parameters such as charset are ignored); NULL: 415. */
const struct lossd_format *lossd_format_of_content_type(const char *value);
/* The /v1 format that an Accept value asks for (quality values and wildcards honoured; NULL or a wildcard
 * that covers it means `own`); NULL: 406. */
const struct lossd_format *lossd_format_of_accept(const char *value, const struct lossd_format *own);
/* Whether an Accept value takes an answer of that /v1 format's type. NULL: yes. */
bool lossd_accepts(const char *value, const struct lossd_format *format);
/* Whether an Accept-Encoding value names gzip, not with the weight 0. NULL: no. */
bool lossd_accepts_gzip(const char *value);

struct lossd_limits {
  int64_t max_elements;     /* of one evaluation */
  size_t max_body_bytes;    /* inflated */
  size_t max_request_bytes; /* that one request may hold in memory altogether; more is 422 */
};

/* One tensor of the answer: "loss", "numerator", "denominator", "grad.<role>". */
struct lossd_output {
  const char *name;
  int role; /* of a gradient, else -1 */
  struct lossd_tensor tensor;
};

#define LOSSD_MAX_OUTPUTS (3 + LOSSD_MAX_ROLES)
#define LOSSD_MAX_HEADERS 4
#define LOSSD_LONGEST_ID 128

struct lossd_header {
  const char *name;
  const char *value;
};

struct lossd_exchange {
  /* The request: set by the caller after init. */
  const char *loss_name; /* from the path, not NUL-terminated */
  size_t loss_name_length;
  const struct lossd_format *request_format, *answer_format; /* open_inference for both on /v2 */
  const char *query;                                         /* raw, without '?'; may be NULL */
  size_t query_length;
  const char *body;
  size_t body_length;
  bool gzip;                           /* Content-Encoding: gzip */
  const char *inference_header_length; /* the value of Inference-Header-Content-Length, or NULL */
  const char *model_version;           /* /v2 .../versions/{this}; NULL */
  const struct lossd_limits *limits;
  const atomic_int *cancelled; /* becomes nonzero when nobody waits for the answer any more; may be NULL */
  struct lossd_arena *arena;

  /* In between. */
  struct lossd_evaluation evaluation;
  struct lossd_plan plan;
  const char *id; /* echoed; NULL when not given */
  size_t id_length;
  int64_t timeout_microseconds; /* asked for by an Open Inference request; 0: none. Valid after decode */
  void *read_state;             /* private to request_format */
  size_t reads;                 /* pieces to read, valid after scan */
  atomic_size_t read_fault;     /* the first of them that failed, or SIZE_MAX */
  bool scanned, was_read;       /* lossd_exchange_scan was called; and all pieces were read by others */
  void *format_state;           /* private to answer_format */
  size_t slices;                /* to run; 0 after a failure */
  size_t scratch_bytes;         /* for each run, aligned to 64 */
  bool finished;                /* lossd_exchange_finish was called */
  size_t pieces;      /* of the answer, valid after finish; 0: encode writes all, or after a failure */
  size_t piece_bytes; /* scratch of each piece */

  /* The answer: valid after encode. */
  struct lossd_output outputs[LOSSD_MAX_OUTPUTS]; /* in the contract's order */
  int output_count;
  struct lossd_problem problem; /* problem.status != 0: the answer is this */
  int http_status;
  const char *content_type;
  const char *answer;
  size_t answer_length;
  struct lossd_header headers[LOSSD_MAX_HEADERS]; /* besides Content-Type */
  int header_count;
};

void lossd_exchange_init(struct lossd_exchange *x, struct lossd_arena *arena);
/* Both steps of decoding. parse takes a time that the body's length bounds; after it x->plan says what
 * the evaluation will take (elements, nanoseconds). plan reads what the rows weigh and takes memory. */
void lossd_exchange_decode(struct lossd_exchange *x);
/* The first half of parse, for bodies that several threads are to read: then each piece is given to read
 * once, by any thread, was_read is set, and parse does the rest. */
void lossd_exchange_scan(struct lossd_exchange *x);
void lossd_exchange_read(struct lossd_exchange *x, size_t piece);
void lossd_exchange_parse(struct lossd_exchange *x);
void lossd_exchange_plan(struct lossd_exchange *x);
void lossd_exchange_run(struct lossd_exchange *x, size_t slice, void *scratch);
/* Large answers only, between the last run and encode: finish ends the computation. Then threads may write
 * pieces into scratch of x->piece_bytes, which gives their lengths, and copy them to their places, which are
 * told one after another, in rising order. encode does all of this by itself where it was not done. */
void lossd_exchange_finish(struct lossd_exchange *x);
size_t lossd_exchange_piece(struct lossd_exchange *x, size_t piece, void *scratch);
char *lossd_exchange_place(struct lossd_exchange *x, size_t length);
void lossd_exchange_encode(struct lossd_exchange *x);
/* For formats. Memory of the request: NULL with the problem when there is none, or when the request would
 * then hold more than its limit. pointer names what needs it, or is NULL. */
void *lossd_exchange_alloc(struct lossd_exchange *x, size_t bytes, const char *pointer);
/* Adds the gradient of the role of that name, which no item of the request's list named before. */
int lossd_exchange_want(struct lossd_exchange *x, const char *name, size_t length, const char *pointer);
/* The id to echo. Problem: INVALID_REQUEST where it has more than LOSSD_LONGEST_ID bytes. */
int lossd_exchange_take_id(struct lossd_exchange *x, const char *id, size_t length);
/* Bytes of the tensor of x->outputs[index]; SIZE_MAX where that does not fit. */
size_t lossd_exchange_output_bytes(const struct lossd_exchange *x, int index);
/* A layout that suits formats which copy: loss and gradients in the arena. */
int lossd_exchange_layout(struct lossd_exchange *x);
/* See api/cancel.h. */
bool lossd_exchange_cancelled(const struct lossd_exchange *x);

#endif
