/* What the parts of lib/replay share. Private to this folder. */
#ifndef LIB_REPLAY_INTERNAL_H
#define LIB_REPLAY_INTERNAL_H

#include "lib/base/strbuf.h"
#include "lib/replay/procfs.h"
#include "lib/replay/regions.h"
#include "lib/replay/replay.h"
#include "lib/state/views.h"
#include "lib/sys/initial_stack.h"

enum { PAGE_SHIFT = 12 }; /* of MEMORY_PAGE */

/* Events that were read from the log and are not yet used, oldest first. */
struct event_queue {
	VEC(struct evlog_event) list;
	size_t bytes; /* of payload held */
	bool at_end;  /* the log has no more */
};

/*
 * What mappings of the guest show: the stand-in of a file that the logged run mapped, or memory that mappings share. In
 * the guest it is a file in memory (memfd_create()), so that the guest's own kernel keeps its mappings alike. Its
 * number is its place in the list, from 1.
 */
struct replay_object {
	uint64_t id; /* of the file in the log; 0: none */
	int64_t fd;  /* in the guest */
	uint64_t size;
	bool aliased;                     /* mappings of it could be executed and written to at once */
	struct views filled;              /* its pages that have their contents */
	uint8_t sha256[EVLOG_SHA256_LEN]; /* of the file that they were copied from */
};

/* How often the guest stood where a signal came between two instructions, and with which registers: between.c. */
struct replay_rounds {
	uint64_t event; /* the signal's index */
	uint64_t num;
	uint64_t last[EVLOG_REGS_MAX]; /* in the order of the event's registers */
	uint32_t steady[EVLOG_REGS_MAX];
};

struct known_place {
	uint64_t address;
	enum replay_place kind;
};

struct replay {
	struct evlog_reader *reader; /* borrowed */
	const struct evlog_header *header;
	struct target *target; /* borrowed */
	const struct isa *isa;
	struct replay_options options;
	struct regions regions;
	struct event_queue queue;
	uint64_t position; /* index of the next event */
	struct replay_totals totals;
	VEC(struct replay_count) counts;
	uint64_t stack_pointer; /* of the target, at its start */
	uint64_t stack_end;     /* of the target: behind what it was started with, in whole pages */
	struct initial_stack start;
	procfs_files procfs; /* that the guest has open */
	uint64_t call_pc;    /* of the last system call; 0: none yet */
	/* The heap, from its first break on. */
	bool heap_known;
	uint64_t heap_log, heap_target;     /* where it starts in each run */
	uint64_t heap_end;                  /* the break in the target */
	bool heap_ours;                     /* a mapping stands for the heap: the target's own has no room */
	VEC(struct replay_written) written; /* by the last call */
	struct replay_lost *lost;
	VEC(struct replay_module) modules; /* they own their paths */
	uint64_t helper; /* in the guest: pages of ours, which start with isa->frame->return_code; 0: not yet */
	unsigned way;    /* of isa->frame->image, which the guest's CPU has as far as tried; ISA_IMAGE_WAYS: none */
	VEC(struct replay_object) objects;
	struct views views;                /* what the guest mapped, by its addresses: an object's number, or 0 */
	struct views images;               /* the rights of what the guest did not map itself: its images' segments */
	struct views growth;               /* of these, what was mapped in advance below mappings that grow downwards */
	VEC(struct replay_written) mapped; /* by the last call, or unmapped */
	bool refreshed; /* by the last call: the target has dropped what it translated of aliased objects */
	bool remapped;  /* by the last call: other memory is there, or none */
	struct replay_rounds rounds;
	struct guest_map map;
	VEC(struct known_place) places; /* as told by replay_find_places(), ascending; without the gate's */
	bool gate_told;                 /* ... those of the gate */
	const struct memory *memory;    /* that replay_know() watches for the map, borrowed; NULL: not yet */
};

/* The call at hand, and everything its handler may need. */
struct replay_call {
	const struct sys_desc *desc;
	struct sys_call guest; /* as the guest makes it, and the kernel looks at it; result is set by the handler */
	const struct evlog_event *event; /* NULL: the log does not have the call */
	const struct state *before;
	struct state *after;
	struct memory *memory;
	uint64_t pc, next_pc;
	bool gate; /* the guest has jumped to an entry of isa->sys.gate: there is no instruction that could be executed
		    */
	bool finished;
};

/* Guest memory of the target, as lib/sys reads it. */
struct sys_memory replay_memory(struct replay *r);

/* Reads events until at least `want` are queued, the log ends, or the queue holds as many bytes as it may. */
struct error *queue_fill(struct replay *r, size_t want);
/* Drops the oldest n events. */
void queue_drop(struct replay *r, size_t n);
void queue_deinit(struct event_queue *q);

/*
 * Finds the event of the call, dropping those before it; it stays at the head of the queue. call->event stays NULL, and
 * the queue as it is, for a call that the log does not have but that concerns the guest's own memory only.
 */
struct error *replay_find_event(struct replay *r, struct replay_call *call);

/* The guest does something else than the log's next event: `verb` and what was observed, which is taken over. */
struct error *replay_lose(struct replay *r, uint64_t pc, const char *verb, struct strbuf *observed);

/* True for such calls: the same call without the log gives the program nothing that depends on the outside world. */
bool replay_is_private(const struct sys_desc *desc, const uint64_t arg[6]);

/* The handlers of the policies. Each leaves call->after as the guest's registers after the call. */
struct error *replay_emulate(struct replay *r, struct replay_call *call);
struct error *replay_execute(struct replay *r, struct replay_call *call);
struct error *replay_pass(struct replay *r, struct replay_call *call);

/* The same, of a call. */
struct error *replay_lose_at_call(struct replay *r, const struct replay_call *call);

/* An address of the logged run, or a number, which stays: in this run. */
uint64_t replay_translate(const struct replay *r, uint64_t logged);

/* signal.c: does the signal run a handler, did an instruction raise it, and with which si_code (0: the log has no
 * frame)? */
bool replay_is_handled(const struct evlog_event *ev);
bool replay_is_fault(const struct isa *isa, const struct evlog_event *ev);
int replay_signal_code(const struct isa *isa, const struct evlog_event *ev);
/* ERROR_UNSUPPORTED: nobody knows between which instructions it came. */
struct error *replay_lost_place(const struct evlog_event *ev);
/* The next events kill the program: drops them. *ret: the signal. */
struct error *replay_die(struct replay *r, int *ret);
/* fault.c: has the register the value that the log has of it, or that address of this run? */
bool replay_has_reg(const struct replay *r, const struct evlog_reg *logged, const struct state *regs);
/* How many of the next events are signals without handlers, which do nothing to the program unless they kill it. */
struct error *replay_count_unhandled(struct replay *r, size_t *ret);
/* May the call pass over the next num events? Not if the program handles a signal there. */
struct error *replay_pass_signals(struct replay *r, const struct replay_call *call, size_t num);
/* helper.c: at rt_sigaction, puts what handlers need into the guest. */
struct error *replay_put_helper(struct replay *r, const struct replay_call *call);
/*
 * The guest, which stands with the registers `now`, saves or loads the floating-point and vector registers as an image
 * (isa->frame->image); *ret_done is false if its CPU cannot, or the ISA has no image. All other registers stay.
 */
struct error *replay_save_image(struct replay *r, const struct state *now, uint8_t ret[ISA_IMAGE_MAX], bool *ret_done);
struct error *replay_load_image(struct replay *r, const struct state *now, const uint8_t *bytes, bool *ret_done);
/* rt_sigreturn: drops its event, too. */
struct error *replay_return(struct replay *r, struct replay_call *call);

/* Remembers an image in the guest's memory. */
struct error *replay_add_module(struct replay *r, const char *path, uint64_t start, uint64_t end, uint64_t entry);

/* Writes data to the target and, if memory is not NULL, to what the model knows. */
struct error *replay_poke(struct replay *r, struct memory *memory, uint64_t address, const void *data, size_t len);

/* protect.c: writes to the target, also to a page that it lets nobody but the program write to. */
struct error *replay_write(struct replay *r, uint64_t address, const void *data, size_t len);

/* ---- execute.c: making the guest make calls ---- */

/* The registers that the target shows; those that it hides stay. */
struct error *replay_read_visible(struct replay *r, struct state *regs);
/* Runs the guest's call with these arguments; the guest finds its own arguments in its registers again. */
struct error *replay_run(struct replay *r, struct replay_call *call, const uint64_t arg[6]);
struct error *replay_must_succeed(const struct replay_call *call);
struct error *replay_set_result(struct replay *r, struct replay_call *call, uint64_t result);
/* The call is skipped, with this result. */
struct error *replay_skip(struct replay *r, struct replay_call *call, uint64_t result);

/* Runs a system call of our own in the guest, which stands at or behind call->pc, and stands behind it afterwards:
 * replay_put_back() or replay_stand_behind() comes next. */
struct error *guest_call(struct replay *r, const struct replay_call *call, const char *name, const uint64_t arg[6],
			 int64_t *ret);
/* Before the guest's own call: it stands there again, as if nothing had been made in its place. */
struct error *replay_put_back(struct replay *r, const struct replay_call *call);
/* Behind it, with this result. */
struct error *replay_stand_behind(struct replay *r, struct replay_call *call, uint64_t result);

/* ---- mapping.c, heap.c: calls that change the address space ---- */

struct error *replay_mmap(struct replay *r, struct replay_call *call);
struct error *replay_munmap(struct replay *r, struct replay_call *call);
struct error *replay_mremap(struct replay *r, struct replay_call *call);
struct error *replay_mprotect(struct replay *r, struct replay_call *call);
struct error *replay_madvise(struct replay *r, struct replay_call *call);
struct error *replay_brk(struct replay *r, struct replay_call *call);

/* Bytes in whole pages. */
uint64_t replay_round(uint64_t len);

/* ---- known.c ---- */

/* The target's word on what is mapped; the guest stands at its first instruction. */
struct error *replay_start_map(struct replay *r);
/* The segment's pages that no file is behind: zeros at the program's start. */
struct error *replay_note_zeros(struct replay *r, uint64_t start, uint64_t end);
/* Bytes of an object are others, or there are more or fewer of them. */
struct error *replay_object_changed(struct replay *r, uint64_t object, uint64_t offset, uint64_t len);

/* ---- code.c ---- */

/* What may be executed or written to can be read: else nobody sees what is there. CPUs have no rights to write alone.
 */
uint64_t replay_readable(uint64_t prot);
/* The rights of an image's segments, by its `num` program headers in the guest's memory; of the interpreter at base. */
struct error *replay_note_image(struct replay *r, uint64_t phdr, uint64_t num);
struct error *replay_note_interpreter(struct replay *r, uint64_t base);
/* The guest's memory there has these rights now. */
struct error *replay_note_rights(struct replay *r, uint64_t address, uint64_t len, int prot);
/* The views have changed. */
void replay_find_aliases(struct replay *r);

/* ---- objects.c: all of these make calls in the guest, as guest_call() ---- */

/* Notes what is mapped at [address, address + len) of the guest now (v, of which first and num are not looked at), or
 * that nothing is (NULL); the model forgets what was there. Makes no calls. */
struct error *replay_note(struct replay *r, struct replay_call *call, uint64_t address, uint64_t len,
			  const struct view *v);

/* The file that a logged mapping shows bytes [offset, offset + len) of, with its contents there. */
struct error *replay_find_object(struct replay *r, struct replay_call *call, const struct evlog_backing *b,
				 uint64_t len, uint64_t *ret);
/* Memory that mappings will share, of which nothing is there but its size. */
struct error *replay_make_object(struct replay *r, struct replay_call *call, uint64_t id, uint64_t size, uint64_t *ret);
/* Bytes become zero. */
struct error *replay_clear_object(struct replay *r, struct replay_call *call, uint64_t object, uint64_t offset,
				  uint64_t len);
/* What the event's call did to mapped files. *ret_any: there was something, and the guest is to be put back. */
struct error *replay_change_files(struct replay *r, struct replay_call *call, const struct evlog_event *ev,
				  bool *ret_any);
int64_t replay_object_fd(const struct replay *r, uint64_t object);
void replay_deinit_objects(struct replay *r);

#endif
