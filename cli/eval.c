/* lossd eval: one evaluation out of files, by the code that serves requests. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/tensor_text.h"
#include "cli/commands.h"
#include "cli/compute.h"
#include "cli/inputs.h"
#include "server/config_table.h"
#include "server/memory.h"

static const struct {
  const char *ending;
  const struct lossd_format *format;
} outputs[] = {
    {".safetensors", &lossd_format_safetensors}, {".npy", &lossd_format_npy}, {".json", &lossd_format_json}};

/* A mapped file that another process cuts short. */
static void on_lost_page(int number) {
  static const char text[] = "lossd: a file was cut short while it was read\n";
  (void)number;
  if (write(STDERR_FILENO, text, sizeof text - 1) < 0) _exit(LOSSD_EXIT_FILE);
  _exit(LOSSD_EXIT_FILE);
}

static int usage(const char *error) {
  fprintf(stderr, "lossd: %s\n", error);
  return LOSSD_EXIT_USAGE;
}

static int no_file(const char *path) {
  fprintf(stderr, "lossd: %s: %s\n", path, strerror(errno));
  return LOSSD_EXIT_FILE;
}

static void print_help(const struct lossd_loss *loss) {
  printf("Usage: lossd eval %s --TENSOR FILE... [--OPTION VALUE]... [-o FILE]\n\n"
         "Evaluates files without a server. FILE is .npy, .safetensors (one tensor of several:\n"
         "file.safetensors:name), JSON, or - for standard input. The answer is JSON on standard output, or, "
         "with\n"
         "-o, a file. Exits with 0, or 1 (the evaluation is refused), 2 (a wrong flag), 3 (a file).\n",
         loss ? loss->name : "LOSS");
  if (loss)
    lossd_print_flags(loss);
  else
    puts("\nlossd list names the losses; lossd eval LOSS --help the tensors and options of one.");
}

static const struct lossd_format *answer_format(const char *path) {
  for (size_t i = 0; path && i < sizeof outputs / sizeof *outputs; i++) {
    const size_t length = strlen(path), tail = strlen(outputs[i].ending);
    if (length > tail && !strcmp(path + length - tail, outputs[i].ending)) return outputs[i].format;
  }
  return path ? NULL : &lossd_format_json;
}

/* loss, numerator and denominator of a reduced answer, where the rest goes to a file. */
static void print_numbers(const struct lossd_exchange *x) {
  struct lossd_json_text out;
  if (!x->plan.reduced) return;
  lossd_json_init(&out, x->arena, 256);
  lossd_json_open(&out, '{');
  for (int i = 0; i < x->output_count; i++) {
    if (x->outputs[i].role >= 0) continue;
    lossd_json_key(&out, x->outputs[i].name);
    lossd_tensor_text(&out, &x->outputs[i].tensor, false, NULL);
  }
  lossd_json_close(&out, '}');
  if (!out.failed) printf("%.*s\n", (int)out.length, out.data);
}

static int answer(const struct lossd_files *files, const struct lossd_eval_arguments *a) {
  const struct lossd_exchange *x = &files->x;
  if (x->problem.status) {
    lossd_complain(&x->problem, files->blame);
    return LOSSD_EXIT_REFUSED;
  }
  if (a->output) {
    if (!lossd_file_write(a->output, x->answer, x->answer_length)) return no_file(a->output);
    print_numbers(x);
  } else {
    fwrite(x->answer, 1, x->answer_length, stdout);
    putchar('\n');
  }
  return lossd_flush();
}

static int evaluate(struct lossd_files *files, const struct lossd_eval_arguments *a,
                    struct lossd_arena *arena, const struct lossd_file *request) {
  const struct lossd_limits limits = {INT64_MAX / 16, SIZE_MAX, lossd_memory_limit()};
  struct lossd_exchange *x = &files->x;
  lossd_exchange_init(x, arena);
  x->limits = &limits;
  x->loss_name = a->loss->name;
  x->loss_name_length = strlen(a->loss->name);
  x->request_format = a->request ? &lossd_format_json : &lossd_format_files;
  x->answer_format = answer_format(a->output);
  x->body = request->data ? request->data : "";
  x->body_length = request->length;
  files->settings = &a->settings;
  if (a->request) files->blame = a->request;
  lossd_exchange_decode(x);
  if (!x->problem.status) lossd_compute(x, a->workers ? a->workers : (int)lossd_default_workers());
  lossd_exchange_encode(x);
  return answer(files, a);
}

static int evaluate_files(const struct lossd_eval_arguments *a) {
  struct lossd_files files = {.count = 0};
  struct lossd_file request = {0};
  struct lossd_arena arena;
  const char *failed = NULL;
  lossd_arena_init(&arena, lossd_memory_cache());
  signal(SIGBUS, on_lost_page);
  if (a->request && !lossd_file_open(&request, a->request)) failed = a->request;
  if (!failed) failed = lossd_files_open(&files, a);
  const int code = failed ? no_file(failed) : evaluate(&files, a, &arena, &request);
  lossd_arena_reset(&arena);
  lossd_files_close(&files);
  lossd_file_close(&request);
  lossd_memory_cache_cap(0);
  return code;
}

int lossd_eval_command(int argc, char **argv) {
  struct lossd_eval_arguments arguments;
  char error[512];
  if (argc > 0 && (!strcmp(argv[0], "--help") || !strcmp(argv[0], "-h"))) {
    print_help(NULL);
    return lossd_flush();
  }
  if (argc == 0 || argv[0][0] == '-')
    return usage("eval wants the name of a loss first: lossd list names them");
  const struct lossd_loss *loss = lossd_named_loss(argv[0]);
  if (!loss) return LOSSD_EXIT_REFUSED;
  if (!lossd_eval_arguments_read(&arguments, loss, argc - 1, argv + 1, error)) return usage(error);
  if (arguments.help) {
    print_help(loss);
    return lossd_flush();
  }
  if (!answer_format(arguments.output))
    return usage("--output wants a file that ends in .safetensors, .npy or .json");
  return evaluate_files(&arguments);
}
