/* Numbers of a JSON array by blocks of 64 bytes: part of json_token.c and json_array.c,
 * which check them, and of json_tensor.c, which reads them. Pure functions, any thread.
 *
 * json_block.c, json_parts.c, number_round.c and number_write_many.c are compiled once for each instruction
 * set, as the kernels of core/ are, and go by the same choice. What is unusual, wrong or not, they leave to
 * plain code: they decide nothing but speed. */
#ifndef LOSSD_API_JSON_BLOCK_H
#define LOSSD_API_JSON_BLOCK_H

#include "api/json_nesting.h"
#include "api/number_text.h"

#define LOSSD_JSON_BLOCK 64

/* As the fraction of a decimal: it is none, but whatever is at text + digits. */
#define LOSSD_JSON_UNUSUAL 255

/* Rows of one length in an array of arrays, while they are passed over. */
struct lossd_json_rows {
  int64_t length; /* of each, at least 1 */
  int64_t in_row; /* numbers of the row that is open */
  int64_t closed; /* rows */
};

struct lossd_json_kernel {
  const char *instruction_set;
  /* text is where a value is due. Returns the end of as many whole numbers with their commas as fill blocks
   * from there, and adds how many they are to *count; text itself where there is none, or anything unusual
   * among them. Begins no block from stop on, and reads nothing from end on. Numbers may have one space
   * before them. */
  const char *(*skip)(const char *text, const char *end, const char *stop, int64_t *count);
  /* The same for numbers in rows. Returns where the last of them ends, before its comma or bracket, and
   * updates in_row and closed; text where there is none. Stops at the end of a row of another length, which
   * is not closed then. */
  const char *(*skip_rows)(const char *text, const char *end, const char *stop, struct lossd_json_rows *rows);
  /* Takes the next leaves of checked text that begins between leaves and ends after one, as a stretch of
   * nested arrays does. Returns where to go on: end, when all are taken. Nothing before begin is read. text
   * itself: this instruction set has no fast way, and nothing to round with. */
  const char *(*take)(const char *begin, const char *text, const char *end, struct lossd_decimals *decimals);
  /* Rounds decimals to nearest, ties to even, as number_read.c does. Of what is no decimal any number is
   * made. */
  void (*round_doubles)(const struct lossd_decimals *decimals, double *out);
  void (*round_floats)(const struct lossd_decimals *decimals, float *out);
  /* Write count float64 or float32 from values[first] on, aligned or not, as lossd_write_double and _float
   * do, with what nests them; return the end. out has lossd_tensor_range_bound bytes. */
  char *(*write_doubles)(char *out, const char *values, const struct lossd_nesting *nesting, int64_t first,
                         int64_t count);
  char *(*write_floats)(char *out, const char *values, const struct lossd_nesting *nesting, int64_t first,
                        int64_t count);
};

/* Of the instruction set in use (core/loss.h). */
const struct lossd_json_kernel *lossd_json_kernel(void);

#endif
