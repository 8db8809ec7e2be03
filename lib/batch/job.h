/*
 * The jobs of a batch: what is to be validated, on what, with which options. They come from a manifest, or from folders
 * of event logs and traces.
 *
 * A manifest is one JSON document, or lines of JSON of which the first is the document without "jobs" and each further
 * one a job. validate-manifest(5) describes it. Whoever writes a manifest chooses programs that are executed
 * (emulators): it is as trusted as a script. Its text is not: it is read within bounds, and errors name file and place.
 */
/* clang-format off */
/*
 *   {"format": "validate-manifest", "version": 1, "jobs": [JOB, ...]}
 *
 *   JOB: {"name": TEXT,                      letters, digits and ._+- of ASCII, at most 100; names the files of its results
 *         "log": TEXT | "trace": TEXT,       relative paths start from the manifest's folder
 *         "program"?: TEXT,                  default: the one that the log names
 *         "target"?: "unicorn" | "qemu" | "remote", "remote"?: TEXT, "emulator"?: TEXT, "cpu"?: TEXT, "sysroot"?: TEXT,
 *         "emulator_args"?: [TEXT, ...], "args"?: [TEXT, ...]}   args: further options of `validate run`
 */
/* clang-format on */
#ifndef LIB_BATCH_JOB_H
#define LIB_BATCH_JOB_H

#include "lib/base/error.h"
#include "lib/base/vec.h"

#define BATCH_MANIFEST_FORMAT "validate-manifest"
enum { BATCH_MANIFEST_VERSION = 1, BATCH_JOBS_MAX = 100000, BATCH_NAME_MAX = 100 };

typedef VEC(char *) batch_strings;

/* Members that are not given are NULL, or empty. */
struct batch_job {
	char *name;
	char *log, *trace; /* exactly one of them */
	char *program, *target, *remote, *emulator, *cpu, *sysroot;
	batch_strings emulator_args, args;
	char *base; /* the folder that relative paths start from; NULL: the current one */
};

/* Of which the names differ. */
struct batch_jobs {
	VEC(struct batch_job) list;
};

/* Adds a manifest's jobs; "-": standard input. jobs stays valid when it fails. */
struct error *batch_jobs_read(struct batch_jobs *jobs, const char *path);

/* Makes the paths of all jobs absolute, so that they mean the same from anywhere. */
struct error *batch_jobs_make_absolute(struct batch_jobs *jobs);

/* The jobs as a manifest, in one document. Relative paths stand as they were given. */
struct error *batch_jobs_write(const struct batch_jobs *jobs, const char *path);

/*
 * Adds a job for each event log (*.json) and each trace in a folder and the folders within it, in the order of their
 * names; or for one file. Other files, and names that begin with a dot, are left out, and so is what was cut off
 * (*.part); links to folders are not followed. A job is named after its file, with the folders within the one that was
 * given in front (a-b-run of a/b/run.json), and with a number behind it if the name is taken. ERROR_INPUT for a folder
 * with neither, or with folders nested too deep.
 */
struct error *batch_jobs_add(struct batch_jobs *jobs, const char *path);

void batch_jobs_deinit(struct batch_jobs *jobs);
void batch_strings_deinit(batch_strings *strings);

#endif
