#include "lib/trace/relay.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

enum {
	BLOCK_LEN = 256 << 10, /* bytes: the blocks together fit in a core's second-level cache */
	NUM_BLOCKS = 4,
};

/* Items one after the other, each with a header. */
struct block {
	uint8_t *at;
	size_t used, cap; /* bytes */
};

struct item_header {
	uint32_t kind, len;
};

/*
 * Blocks go round: the caller fills block[head % NUM_BLOCKS], the thread empties block[tail % NUM_BLOCKS]. Both counts
 * are of blocks so far, under the mutex; a block belongs to one side at a time.
 */
struct relay {
	relay_take *take;
	void *arg;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t turn;
	struct block blocks[NUM_BLOCKS];
	unsigned head, tail;
	bool ended;          /* nothing follows block[head] */
	bool failed;         /* take() has: what comes is dropped */
	struct error *error; /* that it failed with, until it is told */
};

/* ---- The thread ---- */

static size_t item_room(size_t len)
{
	return sizeof(struct item_header) + relay_room(len);
}

static struct error *take_all(const struct relay *r, const struct block *b)
{
	struct error *err = NULL;

	for (size_t at = 0; at < b->used && !err;) {
		struct item_header *header = (void *)(b->at + at);
		err = r->take(r->arg, header->kind, header + 1, header->len);
		at += item_room(header->len);
	}
	return err;
}

static void *run(void *arg)
{
	struct relay *r = arg;

	pthread_mutex_lock(&r->mutex);
	for (;;) {
		while (r->tail == r->head && !r->ended)
			pthread_cond_wait(&r->turn, &r->mutex);
		if (r->tail == r->head)
			break;
		struct block *b = &r->blocks[r->tail % NUM_BLOCKS];
		bool dropped = r->failed;
		pthread_mutex_unlock(&r->mutex);
		struct error *err = dropped ? NULL : take_all(r, b);
		pthread_mutex_lock(&r->mutex);
		if (err) {
			r->failed = true;
			r->error = err;
		}
		r->tail++;
		pthread_cond_signal(&r->turn);
	}
	pthread_mutex_unlock(&r->mutex);
	return NULL;
}

/* Signals are for the caller's thread: they end its waiting. */
static int start_thread(struct relay *r)
{
	sigset_t all, old;

	sigfillset(&all);
	int errnum = pthread_sigmask(SIG_SETMASK, &all, &old);
	if (errnum)
		return errnum;
	errnum = pthread_create(&r->thread, NULL, run, r);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return errnum;
}

static void free_relay(struct relay *r)
{
	for (size_t i = 0; i < NUM_BLOCKS; i++)
		free(r->blocks[i].at);
	pthread_cond_destroy(&r->turn);
	pthread_mutex_destroy(&r->mutex);
	free(r);
}

struct error *relay_create(relay_take *take, void *arg, struct relay **ret)
{
	struct relay *r = calloc(1, sizeof *r);

	if (!r)
		return &error_no_memory;
	r->take = take;
	r->arg = arg;
	pthread_mutex_init(&r->mutex, NULL);
	pthread_cond_init(&r->turn, NULL);
	int errnum = start_thread(r);
	if (errnum) {
		free_relay(r);
		return error_os(errnum, "start the thread that writes the trace", NULL);
	}
	*ret = r;
	return NULL;
}

/* ---- The caller ---- */

static struct error *take_error(struct relay *r)
{
	struct error *err = r->error;

	r->error = NULL;
	return err;
}

/* Hands the block over, and waits until there is another one. */
static struct error *hand_over(struct relay *r)
{
	pthread_mutex_lock(&r->mutex);
	r->head++;
	pthread_cond_signal(&r->turn);
	while (r->head - r->tail == NUM_BLOCKS)
		pthread_cond_wait(&r->turn, &r->mutex);
	struct error *err = take_error(r);
	pthread_mutex_unlock(&r->mutex);

	r->blocks[r->head % NUM_BLOCKS].used = 0;
	return err;
}

/* Room for len bytes in the block, which is empty if it has to grow: nothing in it moves. */
static struct error *make_room(struct relay *r, size_t len)
{
	struct block *b = &r->blocks[r->head % NUM_BLOCKS];

	if (b->used && b->used + len > b->cap) {
		struct error *err = hand_over(r);
		if (err)
			return err;
		b = &r->blocks[r->head % NUM_BLOCKS];
	}
	if (len <= b->cap - b->used)
		return NULL;
	size_t cap = len > BLOCK_LEN ? len : BLOCK_LEN;
	uint8_t *at = malloc(cap);
	if (!at)
		return &error_no_memory;
	free(b->at);
	b->at = at;
	b->cap = cap;
	return NULL;
}

struct error *relay_item(struct relay *r, unsigned kind, size_t len, void **ret)
{
	if (len > UINT32_MAX)
		return &error_no_memory;
	struct error *err = make_room(r, item_room(len));
	if (err)
		return err;
	struct block *b = &r->blocks[r->head % NUM_BLOCKS];
	struct item_header *header = (void *)(b->at + b->used);
	*header = (struct item_header){kind, (uint32_t)len};
	b->used += item_room(len);
	*ret = header + 1;
	return NULL;
}

struct error *relay_finish(struct relay *r)
{
	if (!r)
		return NULL;
	struct error *err = hand_over(r);
	pthread_mutex_lock(&r->mutex);
	r->ended = true;
	pthread_cond_signal(&r->turn);
	pthread_mutex_unlock(&r->mutex);
	pthread_join(r->thread, NULL);
	if (!err)
		err = take_error(r);
	free_relay(r);
	return err;
}
