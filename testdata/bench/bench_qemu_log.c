/*
 * How fast a log of QEMU's is read that is in memory: states/s, and microseconds for a state.
 *
 * usage: bench_qemu_log LOG [SECONDS]
 * The log is read again and again for so many seconds (1), of which the fastest time counts. Its bytes are copied into
 * the parser's buffer 64 KiB at a time, as read(2) from a pipe would.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/trace/qemu_log.h"

enum { PIECE = 1 << 16, MAX_LOG = 1 << 30 };

static struct error *read_log(const char *bytes, size_t len, uint64_t *ret_states, uint64_t *ret_touched)
{
	struct qemu_log *log;
	struct qemu_log_item item = {.kind = QEMU_LOG_MORE};
	struct error *err = qemu_log_create("the log", &log);
	size_t at = 0;

	*ret_states = *ret_touched = 0;
	if (err)
		return err;
	while (!(err = qemu_log_next(log, &item)) && item.kind != QEMU_LOG_END) {
		if (item.kind == QEMU_LOG_STATE) {
			++*ret_states;
			*ret_touched += item.num_touched;
		} else if (item.kind == QEMU_LOG_MORE) {
			size_t room, n = len - at < PIECE ? len - at : PIECE;
			void *space = qemu_log_space(log, &room);
			n = n < room ? n : room;
			memcpy(space, bytes + at, n);
			qemu_log_fed(log, n);
			at += n;
		}
	}
	qemu_log_destroy(log);
	return err;
}

static struct error *measure(const struct strbuf *text, double seconds)
{
	deadline_t deadline = deadline_after((uint64_t)(seconds * (double)CLOCK_S));
	uint64_t best = UINT64_MAX, states = 0, touched = 0;

	do {
		uint64_t start = clock_now();
		struct error *err = read_log(text->at, text->len, &states, &touched);
		if (err)
			return err;
		uint64_t took = clock_now() - start;
		best = took < best ? took : best;
	} while (!deadline_passed(deadline));
	if (!states)
		return error_create(ERROR_INPUT, "the log has no state");
	double each = (double)best / (double)states;
	printf("%llu states of %.0f bytes, %.2f words changed: %.0f states/s, %.3f us a state\n",
	       (unsigned long long)states, (double)text->len / (double)states, (double)touched / (double)states,
	       1e9 / each, each / 1000);
	return NULL;
}

int main(int argc, char **argv)
{
	struct strbuf text = {0};
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 1;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: bench_qemu_log LOG [SECONDS]\n");
		return 2;
	}
	struct error *err = file_read(argv[1], MAX_LOG, &text);
	if (!err)
		err = measure(&text, seconds);
	if (err)
		fprintf(stderr, "bench_qemu_log: %s\n", err->message);
	bool failed = err != NULL;
	error_destroy(err);
	strbuf_deinit(&text);
	return failed;
}
