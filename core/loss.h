/* The public face of core: find a loss, read its row, set its options, evaluate it into buffers of the
 * caller.
 *
 *   lossd_find -> lossd_options_* -> lossd_plan_init -> lossd_run for each slice -> lossd_finish
 *
 * core knows no HTTP, JSON, thread or socket, and keeps no state but constant tables. Everything is borrowed:
 * rows are constants; tensors belong to the caller and must outlive the plan; what a plan allocates lives in
 * the caller's arena. Any thread may call; one plan is used by one thread at a time, except lossd_run, which
 * any number of threads may call at once for different slices. */
#ifndef LOSSD_CORE_LOSS_H
#define LOSSD_CORE_LOSS_H

#include "core/arena.h"
#include "core/problem.h"
#include "core/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

#define LOSSD_MAX_ROLES 4
#define LOSSD_MAX_OPTIONS 10

/* Inputs of an evaluation: the loss's roles in row order, then the two that every loss takes. */
enum { LOSSD_SAMPLE_WEIGHT = LOSSD_MAX_ROLES, LOSSD_GRAD_OUTPUT, LOSSD_INPUTS };

/* What a role's numbers are. EITHER is decided by an evaluation's shapes and options: lossd_role_kind. */
enum lossd_kind { LOSSD_FLOATING, LOSSD_INDEX, LOSSD_EITHER };

struct lossd_role {
  const char *name;
  const char *description;
  const char *shape; /* for people: "(N, C, d1...dk)" */
  enum lossd_kind kind;
  bool optional;
  bool differentiable;
};

enum lossd_option_type { LOSSD_BOOLEAN, LOSSD_INTEGER, LOSSD_NUMBER, LOSSD_CHOICE, LOSSD_TEXT };

/* A choice's value is its position in choices; a boolean's is 0 or 1. Numbers lie in [minimum, maximum] or,
 * where exclusive_minimum, (minimum, maximum]; they are finite unless `infinite` lets +Infinity pass. A
 * choice that has "false" and boolean_true also takes JSON's booleans. */
struct lossd_option {
  const char *name;
  const char *description;
  enum lossd_option_type type;
  const char *const *choices; /* NULL-terminated */
  const char *boolean_true;   /* the choice that `true` means, or NULL */
  double minimum, maximum;
  bool exclusive_minimum, infinite;
  double textbook, pytorch; /* the two definitions' defaults */
};

/* A worked example, small enough to check by hand; the tests assert it. Tensors are given in row order; rank
 * -1: absent. */
struct lossd_example {
  struct {
    int rank;
    int64_t dim[3];
    double data[12];
  } tensor[LOSSD_MAX_ROLES];
  struct {
    const char *option;
    const char *choice; /* for choices */
    double number;      /* for the rest */
  } settings[3];
  double loss;         /* reduced as the options say */
  double gradient[12]; /* of the first role */
};

struct lossd_plan;

/* One loss: everything that is known about it. */
struct lossd_loss {
  const char *name;    /* "HuberLoss" */
  const char *summary; /* one sentence */
  const char *formula; /* TeX */
  struct lossd_role roles[LOSSD_MAX_ROLES];
  int role_count;
  const struct lossd_option *options; /* [0] is always `reduction` */
  int option_count;
  const struct lossd_example *examples; /* two */
  double cost;                          /* nanoseconds an element, roughly: for admission and queueing */
  /* Checks shapes and values, describes how rows are read: see core/plan.h. */
  int (*plan)(struct lossd_plan *plan, struct lossd_problem *problem);
  /* The kind of an EITHER role; NULL where there is none. shapes[i].rank is -1 for an absent role. */
  enum lossd_kind (*kind)(int role, const double *option, const struct lossd_shape *shapes);
};

/* All losses, in the order of zoo.def. */
extern const struct lossd_loss *const lossd_losses[];
extern const int lossd_loss_count;
/* The loss of that exact name; NULL with a problem that names the nearest. */
const struct lossd_loss *lossd_find(const char *name, size_t length, struct lossd_problem *problem);
/* The input's name ("target", "sample_weight"). */
const char *lossd_input_name(const struct lossd_loss *loss, int input);
/* The names of all inputs of a loss; how many they are. */
size_t lossd_input_names(const struct lossd_loss *loss, const char *names[LOSSD_INPUTS]);
/* The input of that name, or -1. */
int lossd_input_find(const struct lossd_loss *loss, const char *name, size_t length);

/* ---- Options ---- */

enum lossd_value_type { LOSSD_VALUE_NUMBER, LOSSD_VALUE_BOOLEAN, LOSSD_VALUE_STRING, LOSSD_VALUE_OTHER };

/* A value as a wire format found it. string is set for strings and, where the format has bare text (a query
 * string), for every type: an option of type TEXT takes it. */
struct lossd_value {
  enum lossd_value_type type;
  double number; /* booleans: 0 or 1 */
  const char *string;
  size_t length;
};

struct lossd_options {
  const struct lossd_loss *loss;
  double value[LOSSD_MAX_OPTIONS]; /* in the order of loss->options */
  const char *text;                /* of the loss's TEXT option, borrowed; NULL when not given */
  size_t text_length;
  unsigned given; /* bit i: option i was set; bit 31: definition was */
  bool pytorch;   /* the definition whose defaults fill what is not given */
};

/* `definition`, the option that every loss has besides those of its row. */
extern const struct lossd_option lossd_definition;

/* init, then set for each option of the request in any order, then finish, which fills in the defaults.
 * `definition` is set like an option. Setting one twice is an error. */
void lossd_options_init(struct lossd_options *options, const struct lossd_loss *loss);
int lossd_options_set(struct lossd_options *options, const char *name, size_t name_length,
                      const struct lossd_value *value, struct lossd_problem *problem);
void lossd_options_finish(struct lossd_options *options);

/* ---- Evaluations ---- */

struct lossd_evaluation {
  const struct lossd_loss *loss;
  struct lossd_tensor tensor[LOSSD_INPUTS];
  unsigned present;   /* bit i: tensor[i] is there */
  unsigned gradients; /* bit i: the gradient of role i is wanted */
  struct lossd_options options;
  int64_t max_elements; /* of the broadcast evaluation, working cells included */
};

/* FLOATING or INDEX, for decoders that must choose how to read plain numbers. options must be finished and
 * the shapes of the tensors that are present set. sample_weight and grad_output are FLOATING. */
enum lossd_kind lossd_role_kind(const struct lossd_evaluation *evaluation, int input);
/* gradients = every differentiable role that is present and floating. */
unsigned lossd_all_gradients(const struct lossd_evaluation *evaluation);
/* Adds the gradient of the role of that name; pointer is where the request names it, for the problem. */
int lossd_want_gradient(struct lossd_evaluation *evaluation, const char *name, size_t length,
                        const char *pointer, struct lossd_problem *problem);

/* ---- Instruction sets ---- */

/* The kernels in use: "baseline", "avx2" or "avx512". All give the same bits. */
const char *lossd_instruction_set(void);
/* Forces one, for tests and measurements, before anything runs; false when this machine or build lacks it. */
bool lossd_force_instruction_set(const char *name);

#ifdef __cplusplus
}
#endif

#endif
