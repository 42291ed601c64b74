/* The table of flags behind server/config.h: what one row says, and text to value and back. Constant data and
 * pure functions, any thread, except lossd_flag_expected's file check, which reads the file system. */
#ifndef LOSSD_SERVER_CONFIG_TABLE_H
#define LOSSD_SERVER_CONFIG_TABLE_H

#include "server/config.h"

/* What a flag takes, and the type of its field in struct lossd_config. */
enum lossd_flag_type {
  LOSSD_FLAG_TEXT,    /* const char * */
  LOSSD_FLAG_FILE,    /* const char *, the path of a file that can be read */
  LOSSD_FLAG_COUNT,   /* int */
  LOSSD_FLAG_COUNT64, /* int64_t */
  LOSSD_FLAG_BYTES,   /* size_t: "1048576", "1MiB", "1M" */
  LOSSD_FLAG_SECONDS, /* double: "1.5", "1.5s", "1500ms" */
  LOSSD_FLAG_SWITCH,  /* bool: alone, or =true, =false, =1, =0 */
  LOSSD_FLAG_CHOICE,  /* int: the position in choices */
  LOSSD_FLAG_ACTION   /* no value, no variable: offset is an enum lossd_action */
};

enum lossd_action {
  LOSSD_ACTION_SERVE,
  LOSSD_ACTION_READY,
  LOSSD_ACTION_HELP,
  LOSSD_ACTION_VERSION,
  LOSSD_ACTION_PRINT,
  LOSSD_ACTION_CHECK,
  LOSSD_ACTION_MARKDOWN
};

struct lossd_flag {
  const char *group; /* heading; NULL: the one before */
  const char *name;  /* without the dashes */
  const char *metavar;
  enum lossd_flag_type type;
  size_t offset;                     /* of the field */
  const char *value;                 /* default, as one would write it; NULL: none, or automatic */
  size_t (*automatic)(void);         /* default found at start, or NULL */
  const char *default_text;          /* the default for people, where value does not say it */
  double minimum, maximum;           /* of numbers, both included */
  const char *const *choices;        /* NULL-terminated */
  bool (*accepts)(const char *text); /* of texts, or NULL: any */
  const char *expected;              /* what accepts wants, for people */
  const char *help;                  /* one sentence; NULL: hidden */
};

extern const struct lossd_flag lossd_flags[];
extern const int lossd_flag_count;

enum { LOSSD_VARIABLE_TEXT = 48, LOSSD_EXPECTED_TEXT = 160, LOSSD_SHOWN_TEXT = 64 };

/* The CPUs that the process may use, from 2 to 256. */
size_t lossd_default_workers(void);
/* The row of the field at that offset of struct lossd_config. */
int lossd_flag_at(size_t offset);
/* The environment's name of a flag: "max-body-bytes" gives "LOSSD_MAX_BODY_BYTES". */
const char *lossd_flag_variable(const struct lossd_flag *flag, char out[LOSSD_VARIABLE_TEXT]);
/* Reads text into the flag's field of config; false when it is not one of the flag's values. */
bool lossd_flag_set(const struct lossd_flag *flag, const char *text, struct lossd_config *config);
/* What the flag's values are: "a whole number from 0 to 65535". */
const char *lossd_flag_expected(const struct lossd_flag *flag, char out[LOSSD_EXPECTED_TEXT]);
/* The field's value as one would write it; texts are returned as they are, "-" when there is none. */
const char *lossd_flag_show(const struct lossd_flag *flag, const struct lossd_config *config,
                            char out[LOSSD_SHOWN_TEXT]);

#endif
