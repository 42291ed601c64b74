/* Metadata of the Open Inference Protocol v2, as JSON, made from the losses' rows. Any thread; the text lives
 * in the arena. NULL: no memory. */
#ifndef LOSSD_API_OPEN_INFERENCE_H
#define LOSSD_API_OPEN_INFERENCE_H

#include "core/loss.h"

/* GET /v2: name, version and extensions of the server. */
const char *lossd_open_inference_server(struct lossd_arena *arena, size_t *length);
/* GET /v2/models/{model}: inputs and outputs. A datatype is the usual one of those that an input takes; a
 * shape of [-1] stands for any, since the protocol has no word for a variable rank. */
const char *lossd_open_inference_model(const struct lossd_loss *loss, struct lossd_arena *arena,
                                       size_t *length);

#endif
