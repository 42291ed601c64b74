/* The OpenAPI document, embedded from api/openapi.yaml and api/openapi.json. Constant bytes; any thread. */
#ifndef LOSSD_API_OPENAPI_H
#define LOSSD_API_OPENAPI_H

#include <stddef.h>

extern const char lossd_openapi_yaml[], lossd_openapi_json[];
extern const size_t lossd_openapi_yaml_length, lossd_openapi_json_length;

#endif
