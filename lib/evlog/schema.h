/* The event log's structures as JSON: the tables behind evlog.h. Internal to lib/evlog; the format is told in evlog.h.
 */
#ifndef LIB_EVLOG_SCHEMA_H
#define LIB_EVLOG_SCHEMA_H

#include "lib/evlog/evlog.h"
#include "lib/evlog/json.h"

/* The header's members behind "format" and "version", and an event. */
extern const struct json_object evlog_header_object;
extern const struct json_object evlog_event_object;

/* Ends the header; only events follow. */
#define EVLOG_EVENTS_LINE "\"events\": ["

enum {
	EVLOG_HEADER_MAX =
		32 << 20, /* bytes of the header's text; the kernel takes 6 MiB of arguments and environment */
	/* Bytes of an event's line: base64 of what one call can return (EVLOG_DATA_MAX), and room for the rest. */
	EVLOG_LINE_MAX = (int)(EVLOG_DATA_MAX / 3 * 4) + (1 << 20),
	EVLOG_VALUES_MAX = 1 << 20, /* JSON values of a header or an event: bounds the memory of the parsed tree */
};

#endif
