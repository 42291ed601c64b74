#include "server/assets.h"

#include <string.h>

#define EMBEDDED(symbol)                                                                                     \
  extern const char symbol[];                                                                                \
  extern const size_t symbol##_length;
EMBEDDED(lossd_ui_index)
EMBEDDED(lossd_ui_playground)
EMBEDDED(lossd_ui_plot)
EMBEDDED(lossd_ui_snippets)
EMBEDDED(lossd_ui_docs)
EMBEDDED(lossd_ui_reference)
EMBEDDED(lossd_ui_style)
EMBEDDED(lossd_ui_digits)

static const char html[] = "text/html; charset=utf-8";
static const char script[] = "text/javascript; charset=utf-8";

static const struct lossd_asset assets[] = {
    {"/", html, lossd_ui_index, &lossd_ui_index_length},
    {"/docs", html, lossd_ui_docs, &lossd_ui_docs_length},
    {"/ui/playground.js", script, lossd_ui_playground, &lossd_ui_playground_length},
    {"/ui/plot.js", script, lossd_ui_plot, &lossd_ui_plot_length},
    {"/ui/snippets.js", script, lossd_ui_snippets, &lossd_ui_snippets_length},
    {"/ui/reference.js", script, lossd_ui_reference, &lossd_ui_reference_length},
    {"/ui/style.css", "text/css; charset=utf-8", lossd_ui_style, &lossd_ui_style_length},
    {"/examples/digits.json", "application/json", lossd_ui_digits, &lossd_ui_digits_length},
};

const struct lossd_asset *lossd_asset_find(const char *path) {
  for (size_t i = 0; i < sizeof assets / sizeof *assets; i++)
    if (strcmp(assets[i].path, path) == 0) return &assets[i];
  return NULL;
}
