/* What lossd says about itself and its configuration. For server/config.c; see server/config.h. */
#ifndef LOSSD_SERVER_CONFIG_PRINT_H
#define LOSSD_SERVER_CONFIG_PRINT_H

#include "server/config_table.h"

enum lossd_source { LOSSD_FROM_DEFAULT, LOSSD_FROM_ENVIRONMENT, LOSSD_FROM_FLAG };

void lossd_print_help(FILE *out);
void lossd_print_version(FILE *out);
/* One line a flag: name, value, source; source[i] belongs to lossd_flags[i]. */
void lossd_print_config(const struct lossd_config *config, const enum lossd_source *source, FILE *out);

#endif
