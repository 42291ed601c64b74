/* The catalogue of losses as JSON, made from their rows. Any thread; the text lives in the arena. NULL: no
 * memory. */
#ifndef LOSSD_API_CATALOGUE_H
#define LOSSD_API_CATALOGUE_H

#include "api/json_text.h"
#include "core/loss.h"

/* GET /v1/losses: {"losses": [...]}. */
const char *lossd_catalogue(struct lossd_arena *arena, size_t *length);
/* GET /v1/losses/{loss}: one such object. */
const char *lossd_catalogue_loss(const struct lossd_loss *loss, struct lossd_arena *arena, size_t *length);
/* Adds the body of a request: the row's first worked example, with all gradients. */
void lossd_catalogue_example(struct lossd_json_text *out, const struct lossd_loss *loss);

#endif
