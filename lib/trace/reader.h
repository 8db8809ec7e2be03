/* What the reader and its decoders share. Private to lib/trace. */
#ifndef LIB_TRACE_READER_H
#define LIB_TRACE_READER_H

#include "lib/trace/format.h"
#include "lib/trace/layout.h"

struct trace_reader {
	char *path;
	int fd;
	uint64_t len; /* bytes of the file */
	struct trace_header header;
	struct layout layout;
	struct trace_index index;
	trace_modules modules;
	bool have_end;
	struct trace_end end;
	uint64_t steps;
	char *cut; /* what is wrong with the file's end, or NULL */
};

#endif
