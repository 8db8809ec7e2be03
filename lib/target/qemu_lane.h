/*
 * A guest in QEMU that runs freely while its steps are read from QEMU's own log (-d cpu,fpu,nochain, one instruction a
 * translation block): makes the GDB target of that QEMU one that flows (target_flow()).
 *
 * What is relied on, seen with QEMU 7.2.22, 10.0.2 and 11.1.3, x86-64 and AArch64:
 * - QEMU writes a state before it executes the instruction, as a whole, and each byte of the log before the stop reply.
 * - The first state after a continue is that of the place where the guest stood. At a breakpoint no state is written.
 * - An instruction that faults has its state in the log, the last before the stop, and the stop has the same PC.
 * - `rep` has a state for each iteration (7.2), or for each 65,536 of them (10.0, 11.1). PAUSE, YIELD and WFE are
 * followed by the state of the next instruction as any other is; exclusive pairs succeed.
 * - The stub does not hear an interrupt (0x03) while the guest runs. SIGQUIT, sent to the emulator's main thread, stops
 * it as signal 3, delivered at once and to be dropped: of the signals that no instruction raises it is one that QEMU
 * has a handler for in all versions (10.0 and later only for those that dump core: SIGINT ends them). The state that
 * was written last may then be of an instruction that was not executed.
 */
#ifndef LIB_TARGET_QEMU_LANE_H
#define LIB_TARGET_QEMU_LANE_H

#include "lib/base/vec.h"
#include "lib/target/qemu.h"

struct qemu_lane;

/* Makes the FIFO of the log, of this path, and opens it for reading. The emulator has to open it within its start. */
struct error *qemu_lane_create(const char *path, struct qemu_lane **ret);
/* NULL is fine. */
void qemu_lane_destroy(struct qemu_lane *lane);

/* The options by which an emulator whose --help text this is writes the log into that path: a list of at most
 * QEMU_LANE_ARGS, NULL at its end. ERROR_UNSUPPORTED if it has no such. */
enum { QEMU_LANE_ARGS = 6 };
struct error *qemu_lane_options(const char *help, const char *path, enum qemu_lane_steps steps,
				const char *ret[QEMU_LANE_ARGS]);

struct rsp_client;
/* From now on all that waits for the stub takes the log in. Before target_gdb_create() of this client. */
void qemu_lane_attend(struct qemu_lane *lane, struct rsp_client *client);

/* t, of target_gdb_create(), flows from now on. The lane belongs to it. */
struct error *qemu_lane_join(struct qemu_lane *lane, struct target *t);

#endif
