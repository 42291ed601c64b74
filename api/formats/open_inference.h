/* Open Inference Protocol v2 (KServe V2), POST /v2/models/{model}/infer, with the extension
 * binary_tensor_data: what its reader and its writer share. The state lives in the exchange's arena; one
 * thread at a time. */
#ifndef LOSSD_API_FORMATS_OPEN_INFERENCE_H
#define LOSSD_API_FORMATS_OPEN_INFERENCE_H

#include "api/packed.h"

/* Outputs as requests name them: these, then the gradient of each role in row order. */
enum { LOSSD_OUTPUT_LOSS, LOSSD_OUTPUT_NUMERATOR, LOSSD_OUTPUT_DENOMINATOR, LOSSD_OUTPUT_GRADIENTS };

/* An output that the request asks for. */
struct lossd_wish {
  int output;
  bool binary;
};

struct lossd_open_inference {
  struct lossd_wish wish[LOSSD_MAX_OUTPUTS];
  int wishes;                   /* 0: all that there are */
  bool binary;                  /* where an output does not say */
  int index[LOSSD_MAX_OUTPUTS]; /* of each wish, in x->outputs */
  size_t header_room;
  struct lossd_packed packed; /* the binary outputs */
  int place[LOSSD_INPUTS];    /* of each input in the request's list, from 1; 0: it is not there */
  char header_length[24];
};

/* The output of that name, which the request can give; asks for its gradient where it is one. pointer is
 * where the request names it. LOSSD_OK, or the problem's status. */
int lossd_open_inference_output(struct lossd_exchange *x, const char *name, size_t length,
                                const char *pointer, int *output);
/* See struct lossd_format. Leaves the state in x->format_state. */
int lossd_open_inference_decode(struct lossd_exchange *x);
void lossd_open_inference_locate(struct lossd_exchange *x);

#endif
