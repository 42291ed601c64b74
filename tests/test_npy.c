/* .npy files: what is read, what is refused and why, and that what is written reads back. */
#include "api/problem.h"
#include "cli/npy.h"
#include "tests/binary.h"

/* A file of version 1 with that header and data. */
static struct bytes file_of(const char *header, const void *data, size_t length) {
  struct bytes file = {.length = 0};
  const size_t header_length = strlen(header);
  add_bytes(&file, LOSSD_NPY_MAGIC "\1\0", 8);
  add_bytes(&file, (char[]){(char)(header_length & 255), (char)(header_length >> 8)}, 2);
  add_text(&file, header);
  add_bytes(&file, data, length);
  return file;
}

/* In memory of exactly the file's size, so that sanitizers see every byte read past its end. */
static int read_file(const struct bytes *file, struct lossd_tensor *tensor, struct lossd_problem *problem) {
  char *copy = malloc(file->length + !file->length);
  assert_non_null(copy);
  memcpy(copy, file->data, file->length);
  memset(problem, 0, sizeof *problem);
  const int status = lossd_npy_read(copy, file->length, "/input", tensor, problem);
  free(copy);
  return status;
}

static void every_dtype_is_read(void **state) {
  (void)state;
  static const struct {
    const char *descr;
    enum lossd_dtype dtype;
  } cases[] = {{"<f8", LOSSD_FLOAT64}, {"<f4", LOSSD_FLOAT32}, {"<f2", LOSSD_FLOAT16},
               {"<i8", LOSSD_INT64},   {"<i4", LOSSD_INT32},   {"<i2", LOSSD_INT16},
               {"|i1", LOSSD_INT8},    {"|u1", LOSSD_UINT8},   {"|b1", LOSSD_BOOL}};
  const char data[64] = {0};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct lossd_tensor tensor;
    struct lossd_problem problem;
    char header[128];
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (2, 3), }  \n",
             cases[i].descr);
    struct bytes file = file_of(header, data, 6 * lossd_dtype_size(cases[i].dtype));
    assert_int_equal(read_file(&file, &tensor, &problem), LOSSD_OK);
    assert_int_equal(tensor.dtype, cases[i].dtype);
    assert_int_equal(tensor.shape.rank, 2);
    assert_int_equal(tensor.shape.dim[1], 3);
  }
}

static void shapes_versions_and_spellings_are_read(void **state) {
  (void)state;
  static const struct {
    const char *header;
    int rank;
    int64_t count;
  } cases[] = {
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (), }\n", 0, 1},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n", 1, 2},
      {"{'descr': '<f8', 'fortran_order': True, 'shape': (1, 2), }\n", 2, 2},
      {"{\"shape\": (0, 5), \"descr\": \"<f8\", \"fortran_order\": False}", 2, 0},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (2L, 1L), }\n", 2, 2},
  };
  const double data[2] = {1, 2};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct lossd_tensor tensor;
    struct lossd_problem problem;
    struct bytes file = file_of(cases[i].header, data, (size_t)cases[i].count * 8);
    if (read_file(&file, &tensor, &problem)) fail_msg("%s: %s", cases[i].header, problem.detail);
    assert_int_equal(tensor.shape.rank, cases[i].rank);
    assert_int_equal(lossd_shape_count(&tensor.shape), cases[i].count);
  }
}

#define OTHER(descr) "{'descr': " descr ", 'fortran_order': False, 'shape': (2,), }\n"
static void what_is_wrong_is_said(void **state) {
  (void)state;
  static const struct {
    const char *header, *detail, *hint;
  } cases[] = {
      {OTHER("'>f8'"), ">f8", "little-endian"},
      {OTHER("'<u4'"), "<u4", "signed"},
      {OTHER("'<V2'"), "<V2", "safetensors"},
      {OTHER("'<c8'"), "<c8", "astype"},
      {OTHER("'|O'"), "|O", "astype"},
      {OTHER("[('a', '<f8')]"), "records", "one field"},
      {OTHER("3"), "descr", "numpy.save"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (2), }", "(3) for (3,)", "numpy.save"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (-2,), }", "whole numbers", "numpy.save"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1 2), }", "tuple", "numpy.save"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", "expected at most 8", ""},
      {"{'descr': '<f8', 'fortran_order': 0, 'shape': (2,), }", "fortran_order", "numpy.save"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), 'more': 1}", "a key besides", "numpy.save"},
      {"{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", "twice", "numpy.save"},
      {"{'descr': '<f8', 'shape': (2,)}", "without", "numpy.save"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,)} x", "after its dictionary", "numpy.save"},
      {"{'descr': '<f8'", "no dictionary", "numpy.save"},
      {"", "does not begin with {", "numpy.save"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", "2^63", ""},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }", "need 24", "numpy.save"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", "need 8", "numpy.save"},
  };
  const double data[2] = {1, 2};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct lossd_tensor tensor;
    struct lossd_problem problem;
    struct bytes file = file_of(cases[i].header, data, sizeof data);
    if (!read_file(&file, &tensor, &problem)) fail_msg("%s was read", cases[i].header);
    if (!strstr(problem.detail, cases[i].detail) || !strstr(problem.hint, cases[i].hint))
      fail_msg("%s: %s (%s)", cases[i].header, problem.detail, problem.hint);
    assert_string_equal(problem.pointer, "/input");
  }
}

static void columns_first_is_refused_with_the_cure(void **state) {
  (void)state;
  struct lossd_tensor tensor;
  struct lossd_problem problem;
  const double data[4] = {0};
  struct bytes file =
      file_of("{'descr': '<f8', 'fortran_order': True, 'shape': (2, 2), }", data, sizeof data);
  assert_int_not_equal(read_file(&file, &tensor, &problem), LOSSD_OK);
  assert_non_null(strstr(problem.hint, "ascontiguousarray"));
}

static void every_cut_is_refused(void **state) {
  (void)state;
  const double data[2] = {1, 2};
  const struct bytes whole =
      file_of("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n", data, sizeof data);
  for (size_t length = 0; length < whole.length; length++) {
    struct lossd_tensor tensor;
    struct lossd_problem problem;
    struct bytes file = whole;
    file.length = length;
    if (!read_file(&file, &tensor, &problem)) fail_msg("%zu of %zu bytes were read", length, whole.length);
  }
}

static void what_is_written_reads_back(void **state) {
  (void)state;
  for (int rank = 0; rank <= LOSSD_MAX_RANK; rank++) {
    struct lossd_shape shape = {.rank = rank};
    struct lossd_tensor tensor;
    struct lossd_problem problem;
    struct bytes file = {.length = 0};
    const float data[4] = {0};
    for (int i = 0; i < rank; i++) shape.dim[i] = i < 2 ? 2 : 1;
    file.length = lossd_npy_header(file.data, LOSSD_FLOAT32, &shape);
    assert_int_equal(file.length % 64, 0);
    add_bytes(&file, data, (size_t)lossd_shape_count(&shape) * sizeof *data);
    if (read_file(&file, &tensor, &problem)) fail_msg("rank %d: %s", rank, problem.detail);
    assert_true(lossd_shape_equal(&tensor.shape, &shape));
  }
  char header[LOSSD_NPY_HEADER];
  assert_int_equal(lossd_npy_header(header, LOSSD_BFLOAT16, &(struct lossd_shape){0}), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_dtype_is_read),   cmocka_unit_test(shapes_versions_and_spellings_are_read),
      cmocka_unit_test(what_is_wrong_is_said), cmocka_unit_test(columns_first_is_refused_with_the_cure),
      cmocka_unit_test(every_cut_is_refused),  cmocka_unit_test(what_is_written_reads_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
