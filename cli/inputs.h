/* Evaluations whose tensors are files: a format (api/exchange.h) beside those of the wire. Every file's kind
 * is told by its name (.npy, .safetensors, .json) or, where that says nothing, by its first bytes. Tensors of
 * .npy and .safetensors are used where they lie. One thread at a time. */
#ifndef LOSSD_CLI_INPUTS_H
#define LOSSD_CLI_INPUTS_H

#include "cli/arguments.h"
#include "cli/file.h"

struct lossd_source {
  int input;          /* or -1: every tensor of the file under its own name */
  const char *path;   /* as the user wrote it */
  const char *tensor; /* its name in the file ("file.safetensors:name"), or NULL */
  struct lossd_file file;
};

/* The exchange comes first: lossd_format_files finds the rest behind it. */
struct lossd_files {
  struct lossd_exchange x;
  const struct lossd_query *settings;
  struct lossd_source source[LOSSD_INPUTS + 1];
  int count;
  const char *blame; /* the file that a problem is about, or NULL */
};

extern const struct lossd_format lossd_format_files; /* decodes only */

/* Opens all files that the arguments name. NULL, or the path that failed, with errno. lossd_files_close is
 * due in any case. */
const char *lossd_files_open(struct lossd_files *files, const struct lossd_eval_arguments *arguments);
void lossd_files_close(struct lossd_files *files);

#endif
