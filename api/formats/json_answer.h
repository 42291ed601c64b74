/* The answer side of application/json. Memory is the exchange's arena. One thread at a time, except
 * lossd_json_piece: any number of threads may call it for different pieces. */
#ifndef LOSSD_API_FORMATS_JSON_ANSWER_H
#define LOSSD_API_FORMATS_JSON_ANSWER_H

#include "api/exchange.h"

/* See struct lossd_format. */
int lossd_json_layout(struct lossd_exchange *x);
int lossd_json_encode(struct lossd_exchange *x);
void lossd_json_split(struct lossd_exchange *x);
size_t lossd_json_piece(struct lossd_exchange *x, size_t piece, char *scratch);
char *lossd_json_place(struct lossd_exchange *x, size_t length);

#endif
