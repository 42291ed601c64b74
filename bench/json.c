/* The JSON path without a server: ms to decode the body in FILE and to encode its answer, for MSELoss.
 *
 *   bench_json FILE [REPEAT]
 *
 * One thread; memory comes from the server's cache, as it does there. Prints one JSON object: the medians and
 * the answer's bytes. bench/peers/json_numbers.cpp prints the same of simdjson and std::to_chars. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "api/exchange.h"
#include "server/memory.h"

#define MOST_REPEATS 1000

static double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static int compare(const void *left, const void *right) {
  const double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

static double median(double *times, int count) {
  qsort(times, (size_t)count, sizeof *times, compare);
  return times[count / 2];
}

static char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) return NULL;
  *length = (size_t)ftell(file);
  char *text = malloc(*length + 1);
  rewind(file);
  if (text && fread(text, 1, *length, file) != *length) *length = 0;
  fclose(file);
  return text;
}

/* One request from its body to its answer; false where it is refused. */
static bool measure(const char *body, size_t length, double *decode_ms, double *encode_ms, size_t *answer) {
  static const struct lossd_limits limits = {INT64_MAX, SIZE_MAX, SIZE_MAX};
  struct lossd_arena arena;
  struct lossd_exchange x;
  lossd_arena_init(&arena, lossd_memory_cache());
  lossd_exchange_init(&x, &arena);
  x.limits = &limits;
  x.loss_name = "MSELoss";
  x.loss_name_length = 7;
  x.request_format = x.answer_format = &lossd_format_json;
  x.body = body;
  x.body_length = length;
  const double begin = now_ms();
  lossd_exchange_decode(&x);
  const double decoded = now_ms();
  void *scratch = aligned_alloc(64, (x.scratch_bytes + 64) / 64 * 64);
  for (size_t slice = 0; scratch && slice < x.slices; slice++) lossd_exchange_run(&x, slice, scratch);
  free(scratch);
  const double computed = now_ms();
  lossd_exchange_encode(&x);
  *encode_ms = now_ms() - computed;
  *decode_ms = decoded - begin;
  *answer = x.answer_length;
  lossd_arena_reset(&arena);
  return scratch && !x.problem.status;
}

int main(int argc, char **argv) {
  static double decode_ms[MOST_REPEATS], encode_ms[MOST_REPEATS];
  size_t length = 0, answer = 0;
  const int repeat = argc > 2 ? atoi(argv[2]) : 9;
  char *body = argc > 1 ? read_file(argv[1], &length) : NULL;
  if (!body || repeat < 1 || repeat > MOST_REPEATS) {
    fprintf(stderr, "usage: bench_json FILE [REPEAT up to %d]\n", MOST_REPEATS);
    return 2;
  }
  for (int i = 0; i < repeat; i++)
    if (!measure(body, length, &decode_ms[i], &encode_ms[i], &answer)) return 1;
  printf("{\"decode_ms\": %.3f, \"encode_ms\": %.3f, \"answer\": %zu}\n", median(decode_ms, repeat),
         median(encode_ms, repeat), answer);
  free(body);
  return 0;
}
