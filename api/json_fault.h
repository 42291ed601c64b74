/* How faults of JSON text are told: part of json_scan.c.
 *
 * Each function fills in *problem for the text from begin to end, with what is at fault at `at` and that
 * byte's offset. Nothing is kept, any thread. */
#ifndef LOSSD_API_JSON_FAULT_H
#define LOSSD_API_JSON_FAULT_H

#include "api/problem.h"

/* expected: what should be at `at`, e.g. "':'". */
void lossd_json_fault(const char *begin, const char *end, const char *at, const char *expected,
                      struct lossd_problem *problem);
/* The same where a value or a name should begin: hints at what JSON has for what people write there. */
void lossd_json_fault_token(const char *begin, const char *end, const char *at, const char *expected,
                            struct lossd_problem *problem);
/* The name whose text, valid and with its quote behind it, begins at `name` is in its object twice. */
void lossd_json_fault_duplicate(const char *begin, const char *name, struct lossd_problem *problem);

#endif
