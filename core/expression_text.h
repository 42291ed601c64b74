/* The text of an expression and the place in it: characters, names, numbers, and problems that say at which
 * column. For core/expression.c.
 *
 * The text and the problem are borrowed, nothing is allocated; one thread. */
#ifndef LOSSD_CORE_EXPRESSION_TEXT_H
#define LOSSD_CORE_EXPRESSION_TEXT_H

#include "core/expression.h"

/* Where a request names the expression. */
#define EXPRESSION_POINTER "/options/distance_expression"

struct expression_text {
  const char *bytes;
  int length; /* at most EXPRESSION_MAX_BYTES */
  int at;     /* what is read next */
  struct lossd_problem *problem;
};

/* The problem that something is wrong at the byte `at`: its status. */
__attribute__((format(printf, 3, 4))) int lossd_expression_refuse(const struct expression_text *t, int at,
                                                                  const char *format, ...);
/* The character `ahead` from here; 0 past the end. */
char lossd_expression_peek(const struct expression_text *t, int ahead);
void lossd_expression_skip_spaces(struct expression_text *t);

bool lossd_expression_is_digit(char c);
bool lossd_expression_begins_name(char c);
/* How long the name here is; 0: there is none. */
int lossd_expression_name_length(const struct expression_text *t);
/* Whether what is here, of that length, is `name`. */
bool lossd_expression_is_named(const struct expression_text *t, int length, const char *name);
/* Reads the number here: one of JSON's without its sign, that is no leading zeros, digits on both sides of
 * a point. */
int lossd_expression_read_number(struct expression_text *t, double *number);

/* What is here, for a message: "(", "sum", the end. */
#define EXPRESSION_FOUND_TEXT (LOSSD_QUOTE_TEXT + 16)
const char *lossd_expression_found(const struct expression_text *t, char text[EXPRESSION_FOUND_TEXT]);

#endif
