#include "lib/target/qemu_vectors.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/temp.h"
#include "lib/target/qemu.h"
#include "lib/target/qemu_start.h"
#include "lib/target/vectors_guest.h"

_Static_assert((int)QEMU_VECTORS_BATCH == (int)VECTORS_GUEST_BATCH && VECTORS_GUEST_SLOTS > VECTORS_GUEST_BATCH,
	       "a slot for each trial, and one for nothing");

struct qemu_vectors {
	const struct isa *isa;
	struct qemu_vectors_options options;
	char *emulator, *identity;
	struct temp_folder folder; /* with the program, until it runs */
	struct sandbox *sandbox;
	struct child *child;
	int fd; /* the program's input and output */
	struct vectors_guest guest;
	bool aligned_only; /* this CPU lacks FEAT_LSE2 */
	/* Batches that are submitted and not collected: the one submitted first, and that behind it. */
	struct vectors_guest_input in[QEMU_VECTORS_AHEAD][QEMU_VECTORS_BATCH];
	unsigned num_pending;
	struct vectors_guest_output out[QEMU_VECTORS_BATCH];
};

static const char *const folder_contents[] = {"guest", NULL};

/* ---- Talking to the program ---- */

/* Why nothing comes any more. */
static struct error *explain(struct qemu_vectors *q, struct error *err)
{
	enum { PATIENCE_MS = 2000 };
	int status;

	if (error_is(err, ERROR_TARGET) && child_ended(q->child, PATIENCE_MS, &status)) {
		error_destroy(err);
		err = qemu_describe_end(q->child, q->emulator, status, q->options.cpu);
	}
	return qemu_prefer_refusal(err, q->sandbox, q->emulator);
}

static struct error *wait_for(const struct qemu_vectors *q, short events, deadline_t deadline)
{
	struct pollfd poll_fd = {.fd = q->fd, .events = events};
	int n = poll(&poll_fd, 1, deadline_poll(deadline));

	/* No handler but that of an interrupt is installed. */
	if (n < 0 && errno == EINTR)
		return error_create(ERROR_INTERRUPTED, "interrupted");
	if (n < 0)
		return error_os(errno, "poll", NULL);
	return n ? NULL
		 : error_create(ERROR_TIMEOUT, "%s does not answer within %u ms", q->emulator, q->options.timeout_ms);
}

static struct error *is_gone(const struct qemu_vectors *q)
{
	return error_create(ERROR_TARGET, "%s closed its streams", q->emulator);
}

static struct error *send_all(struct qemu_vectors *q, const void *data, size_t len)
{
	deadline_t deadline = deadline_after(q->options.timeout_ms * CLOCK_MS);
	struct error *err = NULL;

	for (size_t done = 0; !err && done < len;) {
		ssize_t n = send(q->fd, (const char *)data + done, len - done, MSG_NOSIGNAL);
		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN)
			err = wait_for(q, POLLOUT, deadline);
		else if (errno != EINTR)
			err = is_gone(q);
	}
	return err ? explain(q, err) : NULL;
}

static struct error *receive_all(struct qemu_vectors *q, void *data, size_t len)
{
	deadline_t deadline = deadline_after(q->options.timeout_ms * CLOCK_MS);
	struct error *err = NULL;

	for (size_t done = 0; !err && done < len;) {
		ssize_t n = recv(q->fd, (char *)data + done, len - done, 0);
		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && errno == EAGAIN)
			err = wait_for(q, POLLIN, deadline);
		else if (n == 0 || errno != EINTR)
			err = is_gone(q);
	}
	return err ? explain(q, err) : NULL;
}

/* ---- The start ---- */

static struct error *write_program(struct qemu_vectors *q, char **ret_path)
{
	struct strbuf image = {0};
	struct error *err = vectors_guest_make(&image, &q->guest);

	if (!err && asprintf(ret_path, "%s/guest", q->folder.path) < 0) {
		*ret_path = NULL;
		err = &error_no_memory;
	}
	int fd = err ? -1 : open(*ret_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	if (!err && (fd < 0 || write(fd, image.at, image.len) != (ssize_t)image.len))
		err = error_os(errno, "write", *ret_path);
	if (fd >= 0)
		close(fd);
	strbuf_deinit(&image);
	return err;
}

static struct error *make_args(struct qemu_vectors *q, const char *program, qemu_words *args, qemu_words *env)
{
	struct error *err = qemu_add(args, q->emulator);

	if (!err)
		err = qemu_add_pair(args, "-B", QEMU_GUEST_BASE);
	if (!err)
		err = qemu_add_pair(args, "-cpu", q->options.cpu);
	if (!err)
		err = qemu_inherit(args, env);
	if (!err)
		err = qemu_add(args, program);
	return err ? err : qemu_add(args, NULL);
}

static struct error *identify(struct qemu_vectors *q, const char *socket, const char *const *env)
{
	const char *const args[] = {q->emulator, "--version", NULL};
	struct sandbox *sandbox = NULL;
	struct error *err = sandbox_create(socket, &sandbox);

	if (!err)
		err = child_first_line(args, env, q->options.timeout_ms, sandbox, &q->identity);
	err = qemu_prefer_refusal(err, sandbox, q->emulator);
	sandbox_destroy(sandbox);
	return err;
}

/* Its end of the socket is the child's alone. */
static struct error *start(struct qemu_vectors *q, const char *const *args, const char *const *env)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return error_os(errno, "socketpair", NULL);
	q->fd = fds[0];
	fcntl(q->fd, F_SETFL, O_NONBLOCK);
	struct error *err = child_start_on(args, env, fds[1], q->sandbox, &q->child);
	close(fds[1]);
	return qemu_prefer_refusal(err, q->sandbox, q->emulator);
}

static struct error *launch(struct qemu_vectors *q)
{
	qemu_words args = {0}, env = {0};
	char *program = NULL, *socket = NULL;
	struct error *err = temp_folder_create(&q->folder, 0, folder_contents);

	if (!err)
		err = write_program(q, &program);
	if (!err)
		err = make_args(q, program, &args, &env);
	if (!err && asprintf(&socket, "%s/none", q->folder.path) < 0) {
		socket = NULL;
		err = &error_no_memory;
	}
	if (!err)
		err = identify(q, socket, env.at);
	if (!err)
		err = sandbox_create(socket, &q->sandbox);
	if (!err)
		err = start(q, args.at, env.at);
	free(program);
	free(socket);
	vec_deinit(&args);
	vec_deinit(&env);
	return err;
}

static void put_nothing(const struct qemu_vectors *q, struct vectors_guest_input *ret)
{
	uint32_t nop = 0;

	memcpy(&nop, q->isa->nop, sizeof nop);
	*ret = (struct vectors_guest_input){.sp = VECTORS_WINDOW};
	vectors_guest_aim(&q->guest, VECTORS_GUEST_SLOTS - 1, nop, ret);
	vectors_guest_mark(&q->guest, 0, 0, ret);
}

/* All of a batch, or of its inputs one alone. */
static struct error *exchange(struct qemu_vectors *q, const struct vectors_guest_input *in)
{
	struct error *err = send_all(q, in, sizeof *q->in);

	return err ? err : receive_all(q, q->out, sizeof q->out);
}

/* A batch of nothing: then the program is in memory, and has made its calls. */
static struct error *warm_up(struct qemu_vectors *q)
{
	struct vectors_guest_input in[QEMU_VECTORS_BATCH];

	for (unsigned i = 0; i < QEMU_VECTORS_BATCH; i++)
		put_nothing(q, &in[i]);
	struct error *err = exchange(q, in);
	if (!err)
		sandbox_shut(q->sandbox);
	return err;
}

static struct error *begin(struct qemu_vectors *q)
{
	struct error *err = launch(q);

	if (!err)
		err = warm_up(q);
	if (q->folder.path)
		temp_folder_remove(&q->folder, folder_contents);
	q->folder = (struct temp_folder){0};
	return err;
}

static void end(struct qemu_vectors *q)
{
	child_destroy(q->child);
	sandbox_destroy(q->sandbox);
	if (q->fd >= 0)
		close(q->fd);
	free(q->identity);
	q->child = NULL;
	q->sandbox = NULL;
	q->fd = -1;
	q->identity = NULL;
}

struct error *qemu_vectors_create(const struct isa *isa, const struct qemu_vectors_options *options,
				  struct qemu_vectors **ret)
{
	struct qemu_vectors *q = calloc(1, sizeof *q);

	if (!q)
		return &error_no_memory;
	q->isa = isa;
	q->options = *options;
	q->fd = -1;
	if (!q->options.cpu)
		q->options.cpu = "max";
	struct error *err = qemu_find_emulator(isa, options->emulator, &q->emulator);
	if (!err)
		err = begin(q);
	if (err)
		qemu_vectors_destroy(q);
	else
		*ret = q;
	return err;
}

void qemu_vectors_destroy(struct qemu_vectors *q)
{
	if (!q)
		return;
	end(q);
	free(q->emulator);
	free(q);
}

const char *qemu_vectors_identity(const struct qemu_vectors *q)
{
	return q->identity;
}

/* ---- What must not be executed ---- */

static bool is_within(uint64_t address, uint64_t start, uint64_t end)
{
	return address - start < end - start;
}

static bool is_ours(uint64_t address)
{
	return is_within(address, VECTORS_GUEST_START, VECTORS_GUEST_END) ||
	       is_within(address, VECTORS_CODE, VECTORS_CODE + VECTORS_GUEST_PAGE);
}

/* A branch to what is executable, but for the next instruction; those to registers have no such address. */
static bool jumps_to_us(const struct qemu_vectors *q, uint64_t pc, const uint8_t bytes[4])
{
	struct isa_flow flow;

	q->isa->flow(pc, bytes, 4, &flow);
	for (unsigned i = 0; i < flow.num_next; i++)
		if (flow.next[i] != pc + 4 && is_ours(flow.next[i]))
			return true;
	return false;
}

/* Load register (literal) (Arm ARM C4.1): the slots beside its own are not in the model's memory. */
static bool loads_from_us(uint64_t pc, uint32_t word)
{
	int64_t offset = (int64_t)((uint64_t)(word >> 5 & 0x7ffff) << 45) >> 43;

	return (word & 0x3b000000) == 0x18000000 &&
	       is_within(pc + (uint64_t)offset + 16, VECTORS_CODE, VECTORS_CODE + VECTORS_GUEST_PAGE + 16);
}

static bool is_left_out(const struct qemu_vectors *q, const struct vectors_trial *t)
{
	const uint8_t bytes[4] = {(uint8_t)t->word, (uint8_t)(t->word >> 8), (uint8_t)(t->word >> 16),
				  (uint8_t)(t->word >> 24)};
	uint64_t pc = t->before.pc;

	return q->isa->sys.entry(bytes, sizeof bytes) != ISA_ENTRY_NONE || jumps_to_us(q, pc, bytes) ||
	       loads_from_us(pc, t->word);
}

/* ---- A batch ---- */

static void put_state(const struct vectors_state *s, struct vectors_guest_input *ret)
{
	memcpy(ret->x, s->x, sizeof ret->x);
	memcpy(ret->v, s->v, sizeof ret->v);
	memcpy(ret->memory, s->memory, sizeof ret->memory);
	ret->sp = s->sp;
	ret->nzcv = s->nzcv;
	ret->fpcr = s->fpcr;
	ret->fpsr = s->fpsr;
}

struct error *qemu_vectors_submit(struct qemu_vectors *q, struct vectors_trial *trials, unsigned num)
{
	struct vectors_guest_input *in = q->in[q->num_pending++];
	unsigned slot = 0;

	for (unsigned i = 0; i < QEMU_VECTORS_BATCH; i++) {
		struct vectors_trial *t = i < num ? &trials[i] : NULL;

		if (i && i < num && t->word != trials[i - 1].word)
			slot++;
		if (t)
			t->before.pc = vectors_guest_slot(slot);
		if (t)
			t->end = is_left_out(q, t) ? VECTORS_LEFT_OUT : VECTORS_ENDED;
		if (!t || t->end == VECTORS_LEFT_OUT) {
			put_nothing(q, &in[i]);
			continue;
		}
		put_state(&t->before, &in[i]);
		vectors_guest_aim(&q->guest, slot, t->word, &in[i]);
		vectors_guest_mark(&q->guest, t->marked, t->marked_bytes, &in[i]);
	}
	/* That it is gone is told by who collects. */
	struct error *err = send_all(q, in, sizeof *q->in);
	if (error_is(err, ERROR_TARGET)) {
		error_destroy(err);
		err = NULL;
	}
	return err;
}

/* A signal at the instruction itself. What lacks memory is left out. */
static void take_fault(const struct qemu_vectors *q, const struct vectors_guest_output *out, struct vectors_trial *t)
{
	static const struct {
		uint8_t signal;
		enum fault_kind fault;
	} faults[] = {{SIGILL, FAULT_UNDEFINED}, {SIGTRAP, FAULT_BREAKPOINT}, {SIGBUS, FAULT_ALIGNMENT}};

	t->end = VECTORS_LEFT_OUT;
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		if (out->signal != faults[i].signal || (out->signal == SIGBUS && q->aligned_only))
			continue;
		t->end = VECTORS_FAULTED;
		t->fault = faults[i].fault;
	}
}

/* A signal elsewhere is of where a branch led. */
static void take(const struct qemu_vectors *q, const struct vectors_guest_output *out, struct vectors_trial *t)
{
	struct vectors_state *after = &t->after;

	t->before.fpcr = (uint32_t)out->kept_fpcr;
	if (out->signal && out->pc == t->before.pc) {
		take_fault(q, out, t);
		return;
	}
	memcpy(after->x, out->x, sizeof after->x);
	memcpy(after->v, out->v, sizeof after->v);
	memcpy(after->memory, out->memory, sizeof after->memory);
	after->sp = out->sp;
	after->pc = out->signal ? out->pc : t->before.pc + 4;
	after->nzcv = (uint32_t)out->pstate & 0xf0000000;
	after->fpsr = (uint32_t)out->fpsr;
	after->fpcr = (uint32_t)out->fpcr;
}

/* The emulator has died of one of the trials: each runs alone, and what it dies of again is what it is. */
static struct error *find_death(struct qemu_vectors *q, struct vectors_trial *trials, unsigned num)
{
	struct vectors_guest_input in[QEMU_VECTORS_BATCH];
	struct error *err = NULL;

	for (unsigned i = 0; !err && i < num; i++) {
		if (trials[i].end == VECTORS_LEFT_OUT)
			continue;
		for (unsigned k = 0; k < QEMU_VECTORS_BATCH; k++)
			put_nothing(q, &in[k]);
		in[0] = q->in[0][i];
		end(q);
		err = begin(q);
		if (!err)
			err = exchange(q, in);
		if (!err)
			take(q, &q->out[0], &trials[i]);
		if (!error_is(err, ERROR_TARGET))
			continue;
		error_destroy(err);
		err = NULL;
		trials[i].end = VECTORS_DIED;
	}
	end(q);
	if (!err)
		err = begin(q);
	return !err && q->num_pending > 1 ? send_all(q, q->in[1], sizeof *q->in) : err;
}

struct error *qemu_vectors_collect(struct qemu_vectors *q, struct vectors_trial *trials, unsigned num)
{
	struct error *err = receive_all(q, q->out, sizeof q->out);

	if (error_is(err, ERROR_TARGET)) {
		error_destroy(err);
		err = find_death(q, trials, num);
	} else {
		for (unsigned i = 0; !err && i < num; i++)
			if (trials[i].end != VECTORS_LEFT_OUT)
				take(q, &q->out[i], &trials[i]);
	}
	memcpy(q->in[0], q->in[1], sizeof q->in[0]);
	q->num_pending--;
	return err;
}

/* One trial at a time. */
static struct error *ask(struct qemu_vectors *q, struct vectors_trial *t)
{
	struct error *err = qemu_vectors_submit(q, t, 1);

	return err ? err : qemu_vectors_collect(q, t, 1);
}

/*
 * LDAR W0, [X1] within 16 bytes faults without FEAT_LSE2 (Arm ARM B2.5.2). MRS X0, DCZID_EL0; FPCR is asked for all
 * bits before. No load-exclusive precedes an instruction.
 */
struct error *qemu_vectors_tell(struct qemu_vectors *q, struct vectors *vectors)
{
	struct vectors_trial load = {.word = 0x88dffc20, .before = {.x = {[1] = VECTORS_WINDOW + 2}}};
	struct vectors_trial zeroed = {.word = 0xd53b00e0 /* mrs x0, dczid_el0 */, .before = {.fpcr = UINT32_MAX}};
	struct vectors_trial question;
	struct error *err = ask(q, &load);

	if (!err)
		err = ask(q, &zeroed);
	if (err)
		return err;
	q->aligned_only = load.end == VECTORS_FAULTED;
	vectors_assume(vectors, "dczid_el0", zeroed.after.x[0] & 31);
	vectors_keep_fpcr(vectors, zeroed.before.fpcr);
	vectors_assume(vectors, "naa", 0);
	vectors_assume(vectors, "tbi0", 1);
	for (size_t i = 0; !err && vectors_question(vectors, i, &question); i++) {
		err = ask(q, &question);
		if (!err && question.end == VECTORS_ENDED)
			err = vectors_observe(vectors, &question);
	}
	return err;
}
