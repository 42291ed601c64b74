/* The formats are spellings of the same thing: the same tensors, sent in each, give the same bits in each. */
#include <cjson/cJSON.h>

#include "api/dtype_name.h"
#include "api/json_tensor.h"
#include "api/tensor_text.h"
#include "tests/binary.h"
#include "tests/scarce_memory.h"

/* The tensors and settings of a request, before it is spelled. */
struct meaning {
  const char *loss;
  const char *reduction;
  int count;
  const char *name[4];
  struct lossd_tensor tensor[4];
  char data[4][512];
};

enum spelling { JSON, RAW, SAFETENSORS, INFERENCE_BINARY, INFERENCE_JSON, SPELLINGS };
static const char *const spelling_names[] = {"JSON", "raw", "safetensors", "inference in binary",
                                             "inference in JSON"};
static const struct lossd_format *const formats[] = {&lossd_format_json, &lossd_format_raw,
                                                     &lossd_format_safetensors, &lossd_format_open_inference,
                                                     &lossd_format_open_inference};

/* What goes to the exchange. */
struct spelled {
  struct lossd_json_text query, body; /* the query is NUL-terminated */
  size_t json_length;                 /* of Open Inference's JSON */
};

static size_t bytes_of(const struct lossd_tensor *tensor) {
  size_t bytes;
  assert_true(lossd_shape_bytes(tensor->dtype, &tensor->shape, &bytes));
  return bytes;
}

static void add_format(struct lossd_json_text *out, const char *format, ...) {
  char text[256];
  va_list args;
  va_start(args, format);
  const int length = vsnprintf(text, sizeof text, format, args);
  va_end(args);
  assert_in_range(length, 0, sizeof text - 1);
  lossd_json_raw(out, text, (size_t)length);
}

static void add_dims(struct lossd_json_text *out, const struct lossd_shape *shape, const char *between) {
  for (int i = 0; i < shape->rank; i++) add_format(out, "%s%lld", i ? between : "", (long long)shape->dim[i]);
}

/* ---- Spelling ---- */

static void spell_json(const struct meaning *m, struct spelled *s) {
  add_format(&s->body, "{\"gradients\":true,\"options\":{\"reduction\":\"%s\"}", m->reduction);
  for (int i = 0; i < m->count; i++) {
    const struct lossd_tensor *tensor = &m->tensor[i];
    add_format(&s->body, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", m->name[i],
               lossd_dtype_name(tensor->dtype));
    add_dims(&s->body, &tensor->shape, ",");
    add_format(&s->body, "],\"data\":");
    lossd_tensor_text(&s->body, tensor, true, NULL);
    add_format(&s->body, "}");
  }
  add_format(&s->body, "}");
}

static void spell_raw(const struct meaning *m, struct spelled *s) {
  add_format(&s->query, "gradients=true&reduction=%s", m->reduction);
  for (int i = 0; i < m->count; i++) {
    add_format(&s->query, "&%s=%s:", m->name[i], lossd_dtype_name(m->tensor[i].dtype));
    add_dims(&s->query, &m->tensor[i].shape, "x");
    lossd_json_raw(&s->body, m->tensor[i].data, bytes_of(&m->tensor[i]));
  }
}

static void spell_safetensors(const struct meaning *m, struct spelled *s) {
  size_t begin = 0;
  add_format(&s->query, "gradients=true&reduction=%s", m->reduction);
  lossd_json_raw(&s->body, "\0\0\0\0\0\0\0", 8);
  for (int i = 0; i < m->count; i++) {
    const size_t end = begin + bytes_of(&m->tensor[i]);
    add_format(&s->body, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[", i ? "," : "{", m->name[i],
               lossd_spelled_dtype(LOSSD_SPELLED_SAFETENSORS, m->tensor[i].dtype));
    add_dims(&s->body, &m->tensor[i].shape, ",");
    add_format(&s->body, "],\"data_offsets\":[%zu,%zu]}", begin, end);
    begin = end;
  }
  add_format(&s->body, "}");
  const uint64_t header = s->body.length - 8;
  memcpy(s->body.data, &header, 8);
  for (int i = 0; i < m->count; i++) lossd_json_raw(&s->body, m->tensor[i].data, bytes_of(&m->tensor[i]));
}

static void spell_inference(const struct meaning *m, struct spelled *s, bool binary) {
  add_format(&s->body,
             "{\"parameters\":{\"reduction\":\"%s\",\"binary_data_output\":%s},\"inputs\":", m->reduction,
             binary ? "true" : "false");
  for (int i = 0; i < m->count; i++) {
    const struct lossd_tensor *tensor = &m->tensor[i];
    add_format(&s->body, "%s{\"name\":\"%s\",\"datatype\":\"%s\",\"shape\":[", i ? "," : "[", m->name[i],
               lossd_spelled_dtype(LOSSD_SPELLED_OPEN_INFERENCE, tensor->dtype));
    add_dims(&s->body, &tensor->shape, ",");
    add_format(&s->body, "],");
    if (binary) {
      add_format(&s->body, "\"parameters\":{\"binary_data_size\":%zu}}", bytes_of(tensor));
    } else {
      add_format(&s->body, "\"data\":");
      lossd_tensor_text(&s->body, tensor, true, NULL);
      add_format(&s->body, "}");
    }
  }
  add_format(&s->body, "]}");
  s->json_length = s->body.length;
  for (int i = 0; binary && i < m->count; i++)
    lossd_json_raw(&s->body, m->tensor[i].data, bytes_of(&m->tensor[i]));
}

static void spell(const struct meaning *m, enum spelling spelling, struct spelled *s,
                  struct lossd_arena *arena) {
  lossd_json_init(&s->query, arena, 1024);
  lossd_json_init(&s->body, arena, 4096);
  switch (spelling) {
  case JSON: spell_json(m, s); break;
  case RAW: spell_raw(m, s); break;
  case SAFETENSORS: spell_safetensors(m, s); break;
  case INFERENCE_BINARY: spell_inference(m, s, true); break;
  default: spell_inference(m, s, false); break;
  }
  lossd_json_raw(&s->query, "", 1);
  assert_false(s->query.failed || s->body.failed);
}

/* ---- Reading answers: the bytes of each output, one after another in the contract's order ---- */

struct outputs {
  char data[8192];
  size_t length;
};

static void add_output(struct outputs *out, const char *data, size_t length) {
  assert_true(length <= sizeof out->data - out->length);
  memcpy(out->data + out->length, data, length);
  out->length += length;
}

static void add_json_output(struct outputs *out, const struct lossd_json *json, const cJSON *item,
                            const struct lossd_tensor *tensor) {
  struct lossd_problem problem;
  char data[4096];
  assert_non_null(item);
  assert_true(bytes_of(tensor) <= sizeof data);
  assert_int_equal(lossd_json_read(lossd_json_span(json, item), tensor->dtype, data, "", NULL, &problem), 0);
  add_output(out, data, bytes_of(tensor));
}

static void read_json(struct test_exchange *t, struct outputs *out) {
  struct lossd_json json;
  struct lossd_problem problem;
  assert_int_equal(lossd_json_parse(&json, t->x.answer, t->x.answer_length, NULL, &t->arena, &problem), 0);
  const cJSON *gradients = cJSON_GetObjectItemCaseSensitive(json.root, "gradients");
  for (int i = 0; i < t->x.output_count; i++) {
    const struct lossd_output *output = &t->x.outputs[i];
    const cJSON *item = output->role < 0
                            ? cJSON_GetObjectItemCaseSensitive(json.root, output->name)
                            : cJSON_GetObjectItemCaseSensitive(gradients, output->name + strlen("grad."));
    add_json_output(out, &json, item, &output->tensor);
  }
  lossd_json_free(&json);
}

static void read_safetensors(struct test_exchange *t, struct outputs *out) {
  uint64_t length;
  memcpy(&length, t->x.answer, 8);
  cJSON *header = cJSON_ParseWithLength(t->x.answer + 8, length);
  assert_non_null(header);
  for (int i = 0; i < t->x.output_count; i++) {
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(header, t->x.outputs[i].name), "data_offsets");
    const size_t begin = (size_t)cJSON_GetArrayItem(offsets, 0)->valuedouble;
    add_output(out, t->x.answer + 8 + length + begin,
               (size_t)cJSON_GetArrayItem(offsets, 1)->valuedouble - begin);
  }
  cJSON_Delete(header);
}

static void read_inference_binary(struct test_exchange *t, struct outputs *out) {
  const size_t length = strtoul(header_of(t, "Inference-Header-Content-Length"), NULL, 10);
  add_output(out, t->x.answer + length, t->x.answer_length - length);
}

static void read_inference_json(struct test_exchange *t, struct outputs *out) {
  struct lossd_json json;
  struct lossd_problem problem;
  assert_int_equal(lossd_json_parse(&json, t->x.answer, t->x.answer_length, NULL, &t->arena, &problem), 0);
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(json.root, "outputs")->child;
  for (int i = 0; i < t->x.output_count; i++, item = item->next)
    add_json_output(out, &json, cJSON_GetObjectItemCaseSensitive(item, "data"), &t->x.outputs[i].tensor);
  lossd_json_free(&json);
}

static void read_answer(struct test_exchange *t, enum spelling spelling, struct outputs *out) {
  switch (spelling) {
  case JSON: read_json(t, out); break;
  case RAW: add_output(out, t->x.answer, t->x.answer_length); break;
  case SAFETENSORS: read_safetensors(t, out); break;
  case INFERENCE_BINARY: read_inference_binary(t, out); break;
  default: read_inference_json(t, out); break;
  }
}

/* Runs a request. memory may be NULL. */
static void run(struct test_exchange *t, const struct meaning *m, enum spelling request, enum spelling answer,
                const struct lossd_memory *memory) {
  struct lossd_arena arena;
  struct spelled s = {.json_length = 0};
  char length[24];
  lossd_arena_init(&arena, NULL);
  spell(m, request, &s, &arena);
  test_exchange_init(t, m->loss, s.body.data, s.body.length);
  lossd_arena_init(&t->arena, memory);
  t->x.request_format = formats[request];
  t->x.answer_format = formats[answer];
  t->x.query = s.query.data;
  t->x.query_length = s.query.length - 1;
  snprintf(length, sizeof length, "%zu", s.json_length);
  if (request == INFERENCE_BINARY) t->x.inference_header_length = length;
  test_exchange_run(t);
  lossd_arena_reset(&arena);
}

static void exchange(const struct meaning *m, enum spelling request, enum spelling answer,
                     struct outputs *out) {
  struct test_exchange t;
  run(&t, m, request, answer, NULL);
  if (t.x.http_status != 200)
    fail_msg("%s in %s: %.*s", m->loss, spelling_names[request], (int)t.x.answer_length, t.x.answer);
  out->length = 0;
  read_answer(&t, answer, out);
  test_exchange_done(&t);
}

/* Every request in every answer that /v1 and /v2 can give. */
static void expect_the_same_bits(const struct meaning *m) {
  struct outputs expected, found;
  exchange(m, RAW, RAW, &expected);
  for (int request = 0; request < SPELLINGS; request++) {
    for (int answer = 0; answer < SPELLINGS; answer++) {
      const bool inference = request >= INFERENCE_BINARY;
      if (inference ? answer != request : answer >= INFERENCE_BINARY) continue;
      exchange(m, (enum spelling)request, (enum spelling)answer, &found);
      if (found.length != expected.length || memcmp(found.data, expected.data, found.length))
        fail_msg("%s of %s, ...: %s answered in %s differs from raw", m->loss,
                 lossd_dtype_name(m->tensor[0].dtype), spelling_names[request], spelling_names[answer]);
    }
  }
}

/* ---- Meanings ---- */

static uint32_t next_random(uint32_t *seed) {
  *seed = *seed * 1664525 + 1013904223;
  return *seed >> 8;
}

/* Bits of one element: a finite number of moderate size, or an integer from 0 to most - 1. */
static void put_element(enum lossd_dtype dtype, char *to, uint32_t random, int most) {
  const double value = (double)random / (1 << 23) + 0x1p-10;
  const float single = (float)value;
  const uint16_t float16 = (uint16_t)(0x3000 | (random & 0x0FFF)),
                 bfloat16 = (uint16_t)(0x3F00 | (random & 0xFF));
  const int64_t integer = random % (uint32_t)(dtype == LOSSD_BOOL ? 2 : most);
  switch (dtype) {
  case LOSSD_FLOAT64: memcpy(to, &value, 8); break;
  case LOSSD_FLOAT32: memcpy(to, &single, 4); break;
  case LOSSD_FLOAT16: memcpy(to, &float16, 2); break;
  case LOSSD_BFLOAT16: memcpy(to, &bfloat16, 2); break;
  default: memcpy(to, &integer, lossd_dtype_size(dtype)); break; /* little-endian */
  }
}

static void add_tensor(struct meaning *m, const char *name, enum lossd_dtype dtype, struct lossd_shape shape,
                       int most) {
  static uint32_t seed = 1;
  const int64_t count = lossd_shape_count(&shape);
  const size_t size = lossd_dtype_size(dtype);
  assert_true((size_t)count * size <= sizeof m->data[0]);
  for (int64_t i = 0; i < count; i++)
    put_element(dtype, m->data[m->count] + (size_t)i * size, next_random(&seed), most);
  m->name[m->count] = name;
  m->tensor[m->count] = (struct lossd_tensor){dtype, shape, m->data[m->count]};
  m->count++;
}

#define SHAPE(...)                                                                                           \
  ((struct lossd_shape){(int)(sizeof(int64_t[]){__VA_ARGS__} / sizeof(int64_t)), {__VA_ARGS__}})
static const char *const reductions[] = {"mean", "sum", "none"};

static void every_pair_of_dtypes(void **state) {
  (void)state;
  for (int a = 0; a < LOSSD_DTYPES; a++)
    for (int b = 0; b < LOSSD_DTYPES; b++) {
      struct meaning m = {.loss = "MSELoss", .reduction = reductions[(a + b) % 3]};
      add_tensor(&m, "input", (enum lossd_dtype)a, SHAPE(3, 5), 100);
      add_tensor(&m, "target", (enum lossd_dtype)b, SHAPE(3, 5), 100);
      expect_the_same_bits(&m);
    }
}

static void class_indices_of_every_integer_dtype(void **state) {
  (void)state;
  for (int a = 0; a < LOSSD_DTYPES; a++)
    for (int b = LOSSD_INT64; b <= LOSSD_UINT8; b++) {
      struct meaning m = {.loss = "CrossEntropyLoss", .reduction = reductions[(a + b) % 3]};
      add_tensor(&m, "input", (enum lossd_dtype)a, SHAPE(4, 7), 100);
      add_tensor(&m, "target", (enum lossd_dtype)b, SHAPE(4), 7);
      add_tensor(&m, "weight", (enum lossd_dtype)a, SHAPE(7), 100);
      expect_the_same_bits(&m);
    }
}

static void three_roles_and_sample_weights_of_different_dtypes(void **state) {
  (void)state;
  for (int a = 0; a <= LOSSD_BFLOAT16; a++)
    for (int b = 0; b < LOSSD_DTYPES; b++) {
      struct meaning m = {.loss = "TripletMarginLoss", .reduction = reductions[(a + b) % 3]};
      add_tensor(&m, "negative", (enum lossd_dtype)a, SHAPE(3, 5), 100);
      add_tensor(&m, "anchor", (enum lossd_dtype)b, SHAPE(3, 5), 100);
      add_tensor(&m, "positive", (enum lossd_dtype)((a + b) % LOSSD_DTYPES), SHAPE(3, 5), 100);
      add_tensor(&m, "sample_weight", (enum lossd_dtype)b, SHAPE(3), 100);
      expect_the_same_bits(&m);
    }
}

static void single_numbers_and_empty_tensors(void **state) {
  (void)state;
  for (int a = 0; a < LOSSD_DTYPES; a++) {
    struct meaning scalar = {.loss = "L1Loss", .reduction = "mean"},
                   empty = {.loss = "L1Loss", .reduction = "sum"};
    add_tensor(&scalar, "input", (enum lossd_dtype)a, (struct lossd_shape){0}, 100);
    add_tensor(&scalar, "target", (enum lossd_dtype)a, (struct lossd_shape){0}, 100);
    expect_the_same_bits(&scalar);
    add_tensor(&empty, "input", (enum lossd_dtype)a, SHAPE(2, 0), 100);
    add_tensor(&empty, "target", (enum lossd_dtype)a, SHAPE(2, 0), 100);
    expect_the_same_bits(&empty);
  }
}

static void numbers_that_are_not_finite(void **state) {
  (void)state;
  static const float values[] = {NAN, INFINITY, -INFINITY, -0.0f, 1e-45f};
  struct meaning m = {.loss = "L1Loss", .reduction = "none"};
  add_tensor(&m, "input", LOSSD_FLOAT32, SHAPE(5), 100);
  add_tensor(&m, "target", LOSSD_FLOAT32, SHAPE(5), 100);
  memcpy(m.data[0], values, sizeof values);
  expect_the_same_bits(&m);
}

/* ---- Memory ---- */

/* Runs a request with memory of so many blocks; its status. */
static int run_with_blocks(const struct meaning *m, enum spelling spelling, int blocks) {
  struct test_exchange t;
  const struct lossd_memory memory = scarce_memory(&blocks);
  run(&t, m, spelling, spelling, &memory);
  const int status = t.x.http_status;
  assert_true(status == 200 || strstr(t.x.answer, "out_of_memory"));
  test_exchange_done(&t);
  return status;
}

static void answers_503_wherever_memory_runs_out(void **state) {
  (void)state;
  struct meaning m = {.loss = "MSELoss", .reduction = "none"};
  add_tensor(&m, "input", LOSSD_FLOAT32, SHAPE(5), 100);
  add_tensor(&m, "target", LOSSD_FLOAT64, SHAPE(5), 100);
  for (int spelling = 0; spelling < SPELLINGS; spelling++) {
    int blocks = 0;
    while (run_with_blocks(&m, (enum spelling)spelling, blocks) == 503) assert_true(++blocks < 100);
    assert_in_range(blocks, 1, 99);
    assert_int_equal(run_with_blocks(&m, (enum spelling)spelling, blocks), 200);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_pair_of_dtypes),
      cmocka_unit_test(class_indices_of_every_integer_dtype),
      cmocka_unit_test(three_roles_and_sample_weights_of_different_dtypes),
      cmocka_unit_test(single_numbers_and_empty_tensors),
      cmocka_unit_test(numbers_that_are_not_finite),
      cmocka_unit_test(answers_503_wherever_memory_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
