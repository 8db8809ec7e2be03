/*
 * Files of /proc in which a program reads where its own memory is (proc(5)): maps, smaps and numa_maps, stat, auxv. The
 * log has what the logged run read; the guest is to read where things are in this run. Records (lines; of auxv, its
 * entries) keep their lengths, because the log's reads have them: numbers get leading zeros.
 *
 * Does not follow folders that a program opens or enters ("maps" in /proc/self), links of /proc/self/map_files, nor
 * what another process is asked for. Lines stay in the logged run's order.
 */
#ifndef LIB_REPLAY_PROCFS_H
#define LIB_REPLAY_PROCFS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/vec.h"

enum procfs_kind {
	PROCFS_NONE,
	PROCFS_MAPS, /* maps, smaps: "START-END perms ..." and, in smaps, other lines */
	PROCFS_NUMA, /* numa_maps: "START policy ..." */
	PROCFS_STAT, /* one line of decimal fields */
	PROCFS_AUXV, /* pairs of 64-bit words */
};

/* An open file of that kind. */
struct procfs_file {
	enum procfs_kind kind;
	VEC(int) fds;    /* of the guest's, which share it */
	uint64_t at;     /* its offset */
	uint8_t *text;   /* as logged, from its start on, as far as that was read */
	size_t len, cap; /* of text */
};

typedef VEC(struct procfs_file) procfs_files;

struct replay;
struct replay_call;

/* Which of these the process pid opens by a path; len is its length. */
enum procfs_kind procfs_kind(const char *path, size_t len, uint64_t pid);

/*
 * Translates the addresses in a record of this run's events, in place. What cannot be told in as many characters, or is
 * no one place in the guest, is left or cut, and counted in r->totals.unplaced.
 */
void procfs_translate(struct replay *r, enum procfs_kind kind, char *record, size_t len);

/*
 * The call, which is about to be emulated: notes which files it opens, duplicates and closes, and translates what it
 * reads of them in its event. The event is the queue's first; call->event may move.
 */
struct error *procfs_follow(struct replay *r, struct replay_call *call);

void procfs_deinit(procfs_files *files);

#endif
