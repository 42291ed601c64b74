/* Reading a configuration, for tests. */
#ifndef LOSSD_TESTS_CONFIG_RUN_H
#define LOSSD_TESTS_CONFIG_RUN_H

#include "server/config_table.h"
#include "tests/unit.h"

/* Without the HTTP library, which server/http.c would say. */
const char *lossd_http_library_version(void) {
  return "9.9";
}

/* One run: arguments and variables in, configuration and both streams out. */
struct run {
  struct lossd_config config;
  int result;
  char *out, *err;
};

static inline struct run run_with(const char *const *arguments, const char *const *variables) {
  char *argv[16] = {(char *)"lossd"}, *envp[16] = {NULL};
  int argc = 1;
  struct run run;
  size_t out_size, err_size;
  for (; arguments && arguments[argc - 1]; argc++) argv[argc] = (char *)arguments[argc - 1];
  for (int i = 0; variables && variables[i]; i++) envp[i] = (char *)variables[i];
  memset(&run.config, 0xA5, sizeof run.config); /* so that a field nobody sets is seen */
  FILE *out = open_memstream(&run.out, &out_size), *err = open_memstream(&run.err, &err_size);
  run.result = lossd_config_read(&run.config, argc, argv, envp, out, err);
  fclose(out);
  fclose(err);
  return run;
}

static inline void run_end(struct run *run) {
  free(run->out);
  free(run->err);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
