/* Log levels and formats. */
#ifndef LOSSD_SERVER_LOG_H
#define LOSSD_SERVER_LOG_H

/* X(symbol, name), in the order of the enums. A level includes those before it. */
#define LOSSD_LOG_FORMATS(X) X(JSON, "json") X(TEXT, "text") X(NONE, "none")
#define LOSSD_LOG_LEVELS(X) X(ERROR, "error") X(WARN, "warn") X(INFO, "info") X(DEBUG, "debug")

#define X(symbol, name) LOSSD_LOG_##symbol,
enum lossd_log_format { LOSSD_LOG_FORMATS(X) };
enum lossd_log_level { LOSSD_LOG_LEVELS(X) };
#undef X

#endif
