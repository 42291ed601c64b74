/* Small pieces of JSON requests that the formats share: member names, scalars, ids. Pure functions of a
 * parsed document (api/json_scan.h); one thread at a time. */
#ifndef LOSSD_API_JSON_VALUE_H
#define LOSSD_API_JSON_VALUE_H

#include "api/exchange.h"
#include "api/json_scan.h"

/* UNKNOWN_MEMBER; the detail lists the known ones, the hint names the nearest. */
int lossd_json_unknown_member(struct lossd_problem *problem, const char *parent, const char *name,
                              size_t length, const char *const known[], size_t count);
/* Sorts an object's members: slots[i] becomes the member known[i], or stays. Problem: UNKNOWN_MEMBER. */
int lossd_json_members(const struct lossd_json *json, const cJSON *object, const char *pointer,
                       const char *const known[], const cJSON **slots, size_t count,
                       struct lossd_problem *problem);
/* Whether item is []. */
bool lossd_json_is_empty(const struct lossd_json *json, const cJSON *item);
/* A string's text, or the problem `status`: "what is null, expected a string". */
const char *lossd_json_expect_string(const struct lossd_json *json, const cJSON *item, const char *pointer,
                                     const char *what, int status, size_t *length,
                                     struct lossd_problem *problem);
/* The value of a scalar item, for options; what is no scalar has the type OTHER. */
int lossd_json_scalar(const struct lossd_json *json, const cJSON *item, const char *pointer,
                      struct lossd_value *value, struct lossd_problem *problem);
/* The request's id into x, from item, which may be NULL. Problem: INVALID_REQUEST. */
int lossd_json_take_id(struct lossd_exchange *x, const struct lossd_json *json, const cJSON *item);

#endif
