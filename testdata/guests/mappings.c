/*
 * mappings MODE: what a program sees of its mappings, printed as it sees it: the same on a CPU and in a replay of what
 * was recorded there. Each line is a name and a value. Exit status 0, 2 for an unknown mode.
 *
 *   lengths  lengths that are no whole pages
 *   views    shared and private mappings of one file, which calls write to as well
 *   moved    views that are moved, split, doubled, and mapped over
 *   keep     MREMAP_DONTUNMAP
 *   grow     MAP_GROWSDOWN
 *   end      mappings longer than their files: SIGBUS
 *   advice   madvise
 *   guard    guard regions, which are refused when it is recorded
 *   heap     brk, shrunk and grown again
 *   places   addresses that are asked for
 *   aligned  parts that are cut out of larger mappings, as loaders and malloc() do for alignment's sake
 *   code     code that is written by one view and executed by another
 *   patched  the same, after it has been executed
 *   device   /dev/zero
 *   image    the program's own data and stack
 *   self     a store by /proc/self/mem, and
 *   spread   mprotect with PROT_GROWSDOWN: refused when they are recorded
 *   random N random stores, calls and checks over views of two files, from seed N
 * guest-flags: -nostdlib -ffreestanding -fno-stack-protector -mgeneral-regs-only -mno-red-zone -fno-builtin
 */
#include "testdata/guests/call.h"

enum { PAGE = 4096 };
enum { R = 1, W = 2, X = 4, RW = 3 };                                                             /* PROT_* */
enum { SHARED = 1, PRIVATE = 2, FIXED = 0x10, ANON = 0x20, GROWS = 0x100, NOREPLACE = 0x100000 }; /* MAP_* */
enum { MAYMOVE = 1, TO = 2, DONTUNMAP = 4 };                                                      /* MREMAP_* */
enum { DONTNEED = 4, FREE = 8, REMOVE = 9, WILLNEED = 3, POPULATE_WRITE = 23 };                   /* MADV_* */
enum { O_RDWR = 2, O_CREAT = 0100, O_TRUNC = 01000, O_APPEND = 02000 };
enum { SIGBUS = 7, SIGSEGV = 11 };

typedef volatile uint8_t byte;

static byte *map(uint64_t at, uint64_t len, int prot, int flags, long fd, uint64_t offset)
{
	return (byte *)call6(SYS_mmap, (long)at, (long)len, prot, flags, fd, (long)offset);
}

static long remap(byte *old, uint64_t len, uint64_t wanted, int flags, uint64_t to)
{
	return call6(SYS_mremap, (long)old, (long)len, (long)wanted, flags, (long)to, 0);
}

static long advise(byte *p, uint64_t len, int advice)
{
	return guest_syscall(SYS_madvise, (long)p, (long)len, advice);
}

/* Whole words, as all that is filled and summed up. */
static void fill(byte *p, size_t len, uint8_t value)
{
	for (size_t i = 0; i < len / 8; i++)
		((volatile uint64_t *)p)[i] = value * 0x0101010101010101;
}

/* A sum that tells where something differs: of the first and last of each 8 words. */
static uint64_t sum(const byte *p, size_t len)
{
	const volatile uint64_t *word = (const volatile uint64_t *)p;
	uint64_t s = 0;

	for (size_t i = 0; i < len / 8; i += 8)
		s = (s * 31 + word[i]) * 31 + word[i + 7];
	return s;
}

static long memfd(uint64_t size)
{
	long fd = guest_syscall(SYS_memfd_create, (long)"mappings", 0, 0);

	guest_syscall(SYS_ftruncate, fd, (long)size, 0);
	return fd;
}

static int failed(const byte *p)
{
	return (uint64_t)p >= -4095ul;
}

/* ---- Faults ---- */

static volatile uint64_t signal_seen;

/* The handler goes on behind the access, whose address RAX has; it finds the frame's RIP 168 bytes into ucontext_t. */
__asm__(".text\n"
	"on_fault:\n"
	"	movslq %edi, %rdi\n"
	"	movq %rdi, signal_seen(%rip)\n"
	"	leaq behind(%rip), %rax\n"
	"	movq %rax, 168(%rdx)\n"
	"	ret\n"
	"go_back:\n"
	"	movl $15, %eax\n"
	"	syscall\n"
	"touch:\n"
	"	movb (%rdi), %al\n"
	"	movzbl %al, %eax\n"
	"	ret\n"
	"behind:\n"
	"	xorl %eax, %eax\n"
	"	ret\n");
extern char on_fault[], go_back[];
uint64_t touch(const byte *p);

static void catch (int signal)
{
	struct {
		void *handler;
		uint64_t flags;
		void *restorer;
		uint64_t mask;
	} action = {on_fault, 0x04000004, go_back, 0};

	call6(SYS_rt_sigaction, signal, (long)&action, 0, 8, 0, 0);
}

static void show_touch(const char *name, const byte *p)
{
	signal_seen = 0;
	uint64_t value = touch(p);
	show(name, signal_seen ? 0x51600 + signal_seen : value);
}

/* ---- Modes ---- */

static int lengths(void)
{
	byte *p = map(0x20000000, 4 * PAGE - 5, RW, PRIVATE | ANON | FIXED, -1, 0);

	catch (SIGSEGV);
	fill(p, 4 * PAGE, 7);
	show("madvise of 5000 bytes", (uint64_t)advise(p, 5000, DONTNEED));
	show("in its second page", p[6000]);
	show("in the third", p[2 * PAGE]);
	p[3 * PAGE + 9] = 3;
	show("munmap of 1 byte", (uint64_t)guest_syscall(SYS_munmap, (long)(p + 3 * PAGE), 1, 0));
	show_touch("behind it", p + 3 * PAGE + 9);
	map(0x20000000 + 3 * PAGE, 1, RW, PRIVATE | ANON | FIXED, -1, 0);
	show("mapped again", p[3 * PAGE + 9]);
	p[4 * PAGE - 1] = 9;
	show("mremap, to 3 pages and a bit", remap(p, 4 * PAGE - 1, 3 * PAGE + 1, 0, 0) == (long)p);
	show("its last byte", p[4 * PAGE - 1]);
	show("mremap, to 2 pages and a bit", remap(p, 3 * PAGE + 1, 2 * PAGE + 1, 0, 0) == (long)p);
	show_touch("what was cut off", p + 3 * PAGE);
	show("mprotect of 1 byte", (uint64_t)guest_syscall(SYS_mprotect, (long)(p + PAGE), 1, 0));
	show_touch("in its page", p + PAGE + 100);
	show("mprotect back, of two pages less one byte",
	     (uint64_t)guest_syscall(SYS_mprotect, (long)(p + PAGE), PAGE - 1, RW));
	show("still there", p[PAGE + 3000] + p[2 * PAGE]);
	show("of nothing: mprotect", (uint64_t)guest_syscall(SYS_mprotect, (long)p, 0, 0x1000));
	show("munmap", (uint64_t)guest_syscall(SYS_munmap, (long)p, 0, 0));
	show("madvise", (uint64_t)advise(p, 0, DONTNEED));
	show("msync", (uint64_t)guest_syscall(SYS_msync, (long)p, 0, 4));
	show("not at a page: mprotect", (uint64_t)guest_syscall(SYS_mprotect, (long)(p + 1), 0, R));
	show("nothing happened", p[0]);
	return 0;
}

/* What each view has of the first bytes of its pages. */
static void show_views(const char *name, byte *const *views, const size_t *pages, size_t num)
{
	struct guest_line line = {.len = 0};

	guest_put(&line, name);
	for (size_t i = 0; i < num; i++) {
		guest_put(&line, " ");
		guest_put_hex(&line, sum(views[i], pages[i] * PAGE));
	}
	guest_end_line(&line);
}

static int views(void)
{
	static const char text[] = "a call wrote this";
	long fd = memfd(3 * PAGE), other = guest_syscall(SYS_dup, fd, 0, 0);
	byte *all = map(0, 3 * PAGE, RW, SHARED, fd, 0), *low = map(0, 2 * PAGE, RW, SHARED, other, 0);
	byte *high = map(0, PAGE, R, SHARED, fd, 2 * PAGE), *mine = map(0, 3 * PAGE, RW, PRIVATE, fd, 0);
	byte *list[] = {all, low, high, mine};
	static const size_t pages[] = {3, 2, 1, 3};
	long pipe[1] = {0};

	guest_syscall(SYS_pipe, (long)pipe, 0, 0);
	show_views("zeros", list, pages, 4);
	all[5] = 1;
	low[PAGE + 6] = 2;
	all[2 * PAGE + 7] = 3;
	show("low sees all", low[5]);
	show("all sees low", all[PAGE + 6]);
	show("high sees all", high[7]);
	show("mine sees all", mine[5]);
	mine[9] = 4;
	all[10] = 5;
	show("a copy does not", mine[10] + 0x10 * mine[9] + 0x100 * all[9]);
	show("another page does", mine[PAGE + 6]);
	call6(SYS_pwrite64, fd, (long)text, sizeof text, 2 * PAGE + 100, 0, 0);
	show_views("pwrite", list, pages, 4);
	guest_syscall(SYS_lseek, fd, PAGE - 4, 0);
	guest_syscall(SYS_write, other, (long)text, 8);
	show_views("write over the border, by the position that a dup shares", list, pages, 4);
	guest_syscall(SYS_lseek, fd, 0, 0);
	guest_syscall(SYS_write, ((int *)pipe)[1], (long)text, 10);
	guest_syscall(SYS_read, ((int *)pipe)[0], (long)(low + PAGE - 3), 10);
	show_views("read into a view, over the border", list, pages, 4);
	guest_syscall(SYS_read, fd, (long)(all + 2 * PAGE - 2), 7);
	show_views("read of the file into itself", list, pages, 4);
	call6(SYS_copy_file_range, fd, 0, other, 0, 0, 0);
	uint64_t from = 5, to = 2 * PAGE + 3000;
	show("copy_file_range", (uint64_t)call6(SYS_copy_file_range, fd, (long)&from, other, (long)&to, 50, 0));
	show_views("copied", list, pages, 4);
	call6(SYS_fallocate, fd, 3, 10, PAGE, 0, 0);
	show_views("a hole", list, pages, 4);
	show("MADV_REMOVE", (uint64_t)advise(all + PAGE, 5000, REMOVE));
	show_views("removed", list, pages, 4);
	guest_syscall(SYS_ftruncate, fd, 100, 0);
	guest_syscall(SYS_ftruncate, fd, 3 * PAGE, 0);
	show_views("cut and grown again", list, pages, 4);
	for (size_t i = 0; i < 3 * PAGE; i += 97)
		all[i] = (uint8_t)i;
	show_views("stores", list, pages, 4);
	show("as the file has it", (uint64_t)call6(SYS_pread64, fd, (long)mine, PAGE, 2 * PAGE, 0, 0));
	show_views("read into a private view", list, pages, 4);
	return 0;
}

static int moved(void)
{
	long fd = memfd(8 * PAGE);
	byte *a = map(0x20000000, 4 * PAGE, RW, SHARED | FIXED, fd, PAGE), *b = map(0, 8 * PAGE, RW, SHARED, fd, 0);

	for (size_t i = 0; i < 8; i++)
		b[i * PAGE] = (uint8_t)(0x10 + i);
	byte *c = (byte *)remap(a, PAGE, PAGE, MAYMOVE | TO, 0x21000000);
	c[1] = 0x77;
	show("moved", b[PAGE + 1] + 0x100 * c[0]);
	byte *d = (byte *)remap(a + PAGE, 0, 2 * PAGE, MAYMOVE, 0);
	d[PAGE + 2] = 0x66;
	show("doubled", b[3 * PAGE + 2] + 0x100 * a[2 * PAGE + 2]);
	byte *e = (byte *)remap(a + 3 * PAGE, PAGE, 4 * PAGE, MAYMOVE, 0);
	e[3 * PAGE + 5] = 0x55;
	show("grown", b[7 * PAGE + 5] + 0x100 * e[0]);
	map(0x20000000 + PAGE, PAGE, RW, PRIVATE | ANON | FIXED, -1, 0);
	a[PAGE] = 0x44;
	show("mapped over", b[2 * PAGE] + 0x100 * a[PAGE] + 0x10000 * a[2 * PAGE]);
	map((uint64_t)b + PAGE, PAGE, RW, SHARED | FIXED, fd, 7 * PAGE);
	b[PAGE + 6] = 0x33;
	show("twice in one", b[7 * PAGE + 6] + 0x100 * e[3 * PAGE + 6]);
	guest_syscall(SYS_munmap, (long)(b + 3 * PAGE), PAGE, 0);
	d[PAGE + 3] = 0x22;
	show("with a hole in the other", a[2 * PAGE + 3]);
	byte *f = map((uint64_t)b + 3 * PAGE, PAGE, R, SHARED | FIXED, fd, 3 * PAGE);
	show("the hole filled", f[3]);
	guest_syscall(SYS_close, fd, 0, 0);
	d[4] = 0x99;
	show("the file closed", b[2 * PAGE + 4] + 0x100 * c[1]);

	byte *s = map(0, 2 * PAGE, RW, SHARED | ANON, -1, 0), *t = (byte *)remap(s, 0, 2 * PAGE, MAYMOVE, 0);
	s[8] = 1;
	t[PAGE + 9] = 2;
	show("anonymous, doubled", t[8] + 0x10 * s[PAGE + 9]);
	show("other shared memory", map(0, PAGE, RW, SHARED | ANON, -1, 0)[8]);
	show("private memory cannot be", (uint64_t)remap(a + PAGE, 0, PAGE, MAYMOVE, 0));
	advise(s, PAGE, DONTNEED);
	show("shared memory stays", s[8]);
	return 0;
}

static int keep(void)
{
	long fd = memfd(2 * PAGE);
	byte *p = map(0, 2 * PAGE, RW, PRIVATE | ANON, -1, 0), *f = map(0, 2 * PAGE, RW, PRIVATE, fd, 0);
	byte *s = map(0, 2 * PAGE, RW, SHARED, fd, 0);

	s[1] = 9;
	p[0] = 1;
	p[PAGE] = 2;
	byte *q = (byte *)remap(p, 2 * PAGE, 2 * PAGE, MAYMOVE | DONTUNMAP, 0);
	show("moved", q[0] + 0x10 * q[PAGE]);
	show("the old place", p[0] + 0x10 * p[PAGE]);
	p[0] = 5;
	q[0] = 6;
	show("they are two", p[0] + 0x10 * q[0]);
	byte *to = map(0, PAGE, R, PRIVATE | ANON, -1, 0);
	byte *r = (byte *)remap(q + PAGE, PAGE, PAGE, MAYMOVE | DONTUNMAP | TO, (uint64_t)to);
	show("moved to a place", (r == to) + 0x10 * r[0] + 0x100 * q[PAGE]);
	f[0] = 3;
	byte *g = (byte *)remap(f, 2 * PAGE, 2 * PAGE, MAYMOVE | DONTUNMAP, 0);
	show("a private mapping", failed(g) ? (uint64_t)g : sum(g, 2 * PAGE) + sum(f, 2 * PAGE));
	byte *t = (byte *)remap(s, 2 * PAGE, 2 * PAGE, MAYMOVE | DONTUNMAP, 0);
	if (!failed(t))
		t[2] = 4;
	show("a shared mapping", failed(t) ? (uint64_t)t : t[1] + 0x10ul * s[2]);
	return 0;
}

static int grow(void)
{
	byte *p = map(0x30000000, 2 * PAGE, RW, PRIVATE | ANON | FIXED | GROWS, -1, 0);

	catch (SIGSEGV);
	fill(p, 2 * PAGE, 1);
	p[-1] = 7;
	p[-PAGE - 1] = 8;
	show("below", p[-1] + 0x10 * p[-PAGE - 1] + 0x100 * p[-PAGE - 900]);
	show("not replaced", (uint64_t)map((uint64_t)p - 2 * PAGE, PAGE, RW, PRIVATE | ANON | NOREPLACE, -1, 0));
	byte *q = map((uint64_t)p - 600 * PAGE, PAGE, RW, PRIVATE | ANON | NOREPLACE, -1, 0);
	show("a mapping further below", (uint64_t)q);
	q[0] = 3;
	show("its byte", q[0]);
	p[-300 * PAGE] = 4;
	show("far below", p[-300 * PAGE] + 0x10 * p[-200 * PAGE]);
	show_touch("behind the end", p + 2 * PAGE);
	show("unmapped", (uint64_t)guest_syscall(SYS_munmap, (long)p, 2 * PAGE, 0));
	show("what has grown stays", p[-1]);
	return 0;
}

static int end(void)
{
	static const char name[] = "mappings.file";
	long fd = call6(SYS_open, (long)name, O_RDWR | O_CREAT | O_TRUNC, 0600, 0, 0, 0);

	catch (SIGBUS);
	catch (SIGSEGV);
	guest_syscall(SYS_write, fd, (long)"hello, file", 11);
	byte *p = map(0, 4 * PAGE, RW, PRIVATE, fd, 0), *s = map(0, 4 * PAGE, RW, SHARED, fd, 0);
	byte *none = map(0, 2 * PAGE, R, SHARED, fd, PAGE);
	show("its page", sum(p, PAGE));
	show_touch("behind it, private", p + PAGE);
	show_touch("behind it, shared", s + 4 * PAGE - 1);
	show_touch("nothing of the file", none);
	guest_syscall(SYS_ftruncate, fd, PAGE + 100, 0);
	show_touch("grown, private", p + PAGE);
	show_touch("grown, nothing before", none + 50);
	show_touch("the page behind", p + 2 * PAGE);
	call6(SYS_pwrite64, fd, (long)"XYZ", 3, 2 * PAGE + 5, 0, 0);
	show("written behind the end", p[2 * PAGE + 5] + 0x100 * s[2 * PAGE + 7] + 0x10000 * none[PAGE + 6]);
	s[PAGE] = 8;
	p[PAGE + 1] = 9;
	guest_syscall(SYS_ftruncate, fd, PAGE, 0);
	show_touch("cut, shared", s + PAGE);
	show_touch("cut, private, copied before", p + PAGE + 1);
	guest_syscall(SYS_ftruncate, fd, 2 * PAGE, 0);
	show("grown again", s[PAGE] + 0x10 * p[PAGE + 1]);
	long appending = call6(SYS_open, (long)name, O_RDWR | O_APPEND, 0, 0, 0, 0);
	show("pwrite to what appends", (uint64_t)call6(SYS_pwrite64, appending, (long)"end", 3, 0, 0, 0));
	show("at its end", s[2 * PAGE] + 0x100 * s[0]);
	call6(SYS_open, (long)name, O_RDWR | O_TRUNC, 0, 0, 0, 0);
	show_touch("truncated by open", s);
	show_touch("truncated by open, private", p + 5);
	guest_syscall(SYS_truncate, (long)name, 3, 0);
	show("by truncate", s[0] + 0x10 * p[PAGE - 1]);
	guest_syscall(SYS_unlink, (long)name, 0, 0);
	s[0] = 'j';
	show("unlinked", p[0]);
	return 0;
}

static int advice(void)
{
	static byte bss[3 * PAGE] __attribute__((aligned(PAGE)));
	long fd = call6(SYS_open, (long)"/proc/self/exe", 0, 0, 0, 0, 0), mem = memfd(PAGE);
	byte *p = map(0, 4 * PAGE, RW, PRIVATE | ANON, -1, 0), *f = map(0, PAGE, RW, PRIVATE, fd, 0);
	byte *m = map(0, PAGE, RW, PRIVATE, mem, 0);

	fill(p, 4 * PAGE, 7);
	guest_syscall(SYS_munmap, (long)(p + PAGE), PAGE, 0);
	show("with a gap", (uint64_t)advise(p, 3 * PAGE, DONTNEED));
	show("heeded all the same", p[0] + 0x10 * p[2 * PAGE] + 0x100 * p[3 * PAGE]);
	byte *q = (byte *)remap(p + 2 * PAGE, 2 * PAGE, 40 * PAGE, MAYMOVE, 0);
	fill(q, 40 * PAGE, 9);
	advise(q + PAGE, 38 * PAGE, DONTNEED);
	show("behind mremap", q[0] + 0x10 * q[PAGE] + 0x100 * q[38 * PAGE] + 0x1000 * q[39 * PAGE]);
	f[0] = 1;
	m[0] = 2;
	call6(SYS_pwrite64, mem, (long)"m", 1, 0, 0, 0);
	show("copies", f[0] + 0x10 * m[0]);
	advise(f, PAGE, DONTNEED);
	advise(m, PAGE, DONTNEED);
	show("the files again", f[0] + 0x100 * m[0]);
	fill(bss, sizeof bss, 3);
	advise(bss + PAGE, PAGE, DONTNEED);
	show("bss", bss[PAGE - 1] + 0x10 * bss[PAGE] + 0x100 * bss[2 * PAGE]);
	show("MADV_WILLNEED", (uint64_t)advise(q, PAGE, WILLNEED));
	show("MADV_POPULATE_WRITE", (uint64_t)advise(q, PAGE, POPULATE_WRITE));
	show("MADV_FREE", (uint64_t)advise(q, PAGE, FREE));
	q[5] = 5;
	show("stored to then", q[5]);
	show("unknown", (uint64_t)advise(q, PAGE, 77));
	show("in the middle of a page", (uint64_t)advise(q + 1, PAGE, DONTNEED));
	show("nothing", (uint64_t)advise(q, 0, DONTNEED));
	show("its byte", q[5]);
	guest_syscall(SYS_mprotect, (long)q, PAGE, R);
	advise(q, PAGE, DONTNEED);
	show("read only", q[5]);
	return 0;
}

/* Two that cannot be recorded: a store through a file, and a protection that grows. */
static int self(void)
{
	static byte cell[1] = {1};
	long fd = call6(SYS_open, (long)"/proc/self/mem", O_RDWR, 0, 0, 0, 0);

	show("written", (uint64_t)call6(SYS_pwrite64, fd, (long)"x", 1, (long)cell, 0, 0));
	show("to itself", cell[0]);
	return 0;
}

static int spread(void)
{
	byte *p = map(0, PAGE, RW, PRIVATE | ANON | GROWS, -1, 0);

	show("spread", (uint64_t)guest_syscall(SYS_mprotect, (long)p, PAGE, R | 0x01000000));
	return 0;
}

/* What the program did not map itself. */
static int image(void)
{
	static byte data[3 * PAGE] __attribute__((aligned(PAGE))) = {[0] = 7, [PAGE] = 8, [2 * PAGE] = 9};
	byte here[1], *stack = (byte *)(((uint64_t)here - 300000) & -(uint64_t)PAGE);

	data[0] = 1;
	data[PAGE] = 2;
	data[2 * PAGE] = 3;
	advise(data + PAGE, PAGE, DONTNEED);
	show("data", data[0] + 0x10 * data[PAGE] + 0x100 * data[2 * PAGE]);
	stack[0] = 5;
	stack[PAGE] = 6;
	advise(stack, PAGE, DONTNEED);
	show("stack", stack[0] + 0x10 * stack[PAGE]);
	byte *moved = (byte *)remap(data + PAGE, PAGE, PAGE, MAYMOVE | TO, 0x20000000);
	show("moved", moved[0]);
	catch (SIGSEGV);
	show_touch("where it was", data + PAGE);
	return 0;
}

/* MADV_GUARD_INSTALL (Linux 6.13), which a recorder refuses as older kernels do. */
static int guard(void)
{
	show("refused", advise(map(0, PAGE, RW, PRIVATE | ANON, -1, 0), PAGE, 102) == -22);
	return 0;
}

static int heap(void)
{
	byte *start = (byte *)guest_syscall(SYS_brk, 0, 0, 0), *end = start + 3 * PAGE + 100;
	byte *page_end = (byte *)(((uint64_t)end + PAGE - 1) & -(uint64_t)PAGE);

	show("grown", guest_syscall(SYS_brk, (long)end, 0, 0) == (long)end);
	fill(start, (size_t)(end - start), 6); /* up to 4 bytes before the break */
	for (byte *p = end; p < page_end; p += 8)
		*p = 5;
	show("behind the break, in its page", end[0] + 0x10 * end[16]);
	guest_syscall(SYS_brk, (long)(end + 50), 0, 0);
	show("stays when it grows in the page", end[0] + 0x10 * end[16]);
	guest_syscall(SYS_brk, (long)(end + 2 * PAGE), 0, 0);
	show("and when it grows out of it", end[0] + 0x10 * end[16] + 0x100 * page_end[0]);
	byte *middle = start + PAGE + 300;
	guest_syscall(SYS_brk, (long)middle, 0, 0);
	show("shrunk into a page", middle[-1] + 0x10 * middle[1]);
	guest_syscall(SYS_brk, (long)(end + PAGE), 0, 0);
	show("grown again", sum(start, 4 * PAGE));
	byte *whole = (byte *)(((uint64_t)middle + PAGE - 1) & -(uint64_t)PAGE);
	show("what stayed", whole[-1]);
	show("what did not", whole[0]);
	fill(whole, PAGE, 4);
	advise(whole, 10, DONTNEED);
	show("madvise on it", whole[0] + 0x10 * whole[PAGE - 1]);
	show("too low", guest_syscall(SYS_brk, 8, 0, 0) == (long)(end + PAGE));
	return 0;
}

static int places(void)
{
	byte *p = map(0x20000000, 3 * PAGE, RW, PRIVATE | ANON | NOREPLACE, -1, 0);

	show("asked for", (uint64_t)p);
	fill(p, 3 * PAGE, 1);
	show("not replaced", (uint64_t)map(0x20000000 + 2 * PAGE, PAGE, RW, PRIVATE | ANON | NOREPLACE, -1, 0));
	show("replaced", (uint64_t)map(0x20000000 + PAGE, 5, RW, PRIVATE | ANON | FIXED, -1, 0));
	show("its bytes", p[PAGE - 1] + 0x10 * p[PAGE] + 0x100 * p[2 * PAGE]);
	show("a hint that is free", (uint64_t)map(0x28000000, PAGE, RW, PRIVATE | ANON, -1, 0));
	show("not at a page", (uint64_t)map(0x28000001, PAGE, RW, PRIVATE | ANON | FIXED, -1, 0));
	show("of no length", (uint64_t)map(0, 0, RW, PRIVATE | ANON, -1, 0));
	show("below 4 GiB", (uint64_t)map(0, PAGE, RW, PRIVATE | ANON | 0x40, -1, 0) >> 32);
	show("no file", (uint64_t)map(0, PAGE, RW, PRIVATE, 99, 0));
	show("high", (uint64_t)map(0x700000000000, PAGE, RW, PRIVATE | ANON, -1, 0));
	show("huge", (uint64_t)map(0, 1ul << 60, RW, PRIVATE | ANON, -1, 0));
	return 0;
}

static const uint8_t five[] = {0xb8, 5, 0, 0, 0, 0xc3}; /* mov eax, 5; ret */

static int code(void)
{
	long fd = memfd(PAGE);
	byte *w = map(0, PAGE, RW, SHARED, fd, 0), *x = map(0, PAGE, RW, PRIVATE | ANON, -1, 0);
	uint64_t (*function)(void) = (uint64_t(*)(void))(uintptr_t)x;
	uint8_t seven = 7;

	/* Other code was executed there before. */
	for (size_t i = 0; i < sizeof five; i++)
		w[i] = x[i] = five[i];
	x[1] = 4;
	guest_syscall(SYS_mprotect, (long)x, PAGE, R | X);
	show("four", function());
	guest_syscall(SYS_munmap, (long)x, PAGE, 0);
	map((uint64_t)x, PAGE, R | X, SHARED | FIXED, fd, 0);
	show("five", function());
	guest_syscall(SYS_munmap, (long)w, PAGE, 0);
	call6(SYS_pwrite64, fd, (long)&seven, 1, 1, 0, 0);
	show("pwrite", function());
	return 0;
}

static int patched(void)
{
	long fd = memfd(PAGE);
	byte *w = map(0, PAGE, RW, SHARED, fd, 0), *x = map(0, PAGE, R | X, SHARED, fd, 0);
	uint64_t (*function)(void) = (uint64_t(*)(void))(uintptr_t)x;

	for (size_t i = 0; i < sizeof five; i++)
		w[i] = five[i];
	show("five", function());
	w[1] = 6;
	show("a store to the other view", function());
	w[1] = 8;
	guest_syscall(SYS_munmap, (long)w, PAGE, 0);
	show("a store to a view that is gone", function());
	return 0;
}

static int device(void)
{
	long fd = call6(SYS_open, (long)"/dev/zero", O_RDWR, 0, 0, 0, 0);
	byte *p = map(0, 2 * PAGE, RW, PRIVATE, fd, 0), *s = map(0, 2 * PAGE, RW, SHARED, fd, 0);
	byte *other = map(0, PAGE, RW, SHARED, fd, 0);

	p[3] = 1;
	s[3] = 2;
	show("zero", p[3] + 0x10 * p[4] + 0x100 * s[3] + 0x1000 * other[3]);
	advise(p, PAGE, DONTNEED);
	advise(s, PAGE, DONTNEED);
	show("given back", p[3] + 0x10 * s[3]);
	byte *t = (byte *)remap(s, 0, PAGE, MAYMOVE, 0);
	t[5] = 7;
	show("doubled", s[5]);
	return 0;
}

/* ---- Anything ---- */

static uint64_t state;

static uint64_t below(uint64_t n)
{
	state = state * 6364136223846793005 + 1442695040888963407;
	return (state >> 33) % n;
}

enum { WINDOWS = 6, PAGES = 4, ROUNDS = 100 };

static struct {
	byte *at;
	unsigned first, num; /* pages of the file */
	unsigned file;
} windows[WINDOWS];

static void map_window(unsigned i, const long *fd)
{
	if (windows[i].at && below(2))
		guest_syscall(SYS_munmap, (long)windows[i].at, windows[i].num * PAGE - (long)below(PAGE), 0);
	windows[i].file = (unsigned)below(2);
	windows[i].first = (unsigned)below(PAGES);
	windows[i].num = 1 + (unsigned)below(PAGES - windows[i].first);
	windows[i].at = map(0x20000000 + i * 0x100000, windows[i].num * PAGE - below(PAGE), RW,
			    (i < WINDOWS / 2 ? SHARED : PRIVATE) | FIXED, fd[windows[i].file], windows[i].first * PAGE);
}

static void change(unsigned i, const long *fd)
{
	static uint8_t bytes[300];
	uint64_t len = 1 + below(sizeof bytes), offset = below(PAGES * PAGE - len);
	byte *at = windows[i].at + below(windows[i].num * PAGE - len);

	for (size_t k = 0; k < len; k++)
		bytes[k] = (uint8_t)below(256);
	switch (below(8)) {
	case 0: call6(SYS_pwrite64, fd[below(2)], (long)bytes, (long)len, (long)offset, 0, 0); break;
	case 1: call6(SYS_pread64, fd[below(2)], (long)at, (long)len, (long)offset, 0, 0); break;
	case 2: advise(windows[i].at, windows[i].num * PAGE, below(2) ? DONTNEED : REMOVE); break;
	case 3:
		guest_syscall(SYS_ftruncate, fd[i % 2], (long)offset, 0);
		guest_syscall(SYS_ftruncate, fd[i % 2], PAGES * PAGE, 0);
		break;
	default:
		for (size_t k = 0; k < len; k++)
			at[k] = bytes[k];
	}
}

static int anything(const char *seed)
{
	long fd[2] = {memfd(PAGES * PAGE), memfd(PAGES * PAGE)};

	for (; *seed; seed++)
		state = state * 10 + (uint64_t)(*seed - '0');
	for (unsigned i = 0; i < WINDOWS; i++)
		map_window(i, fd);
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned i = (unsigned)below(WINDOWS);
		if (below(8))
			change(i, fd);
		else
			map_window(i, fd);
		i = (unsigned)below(WINDOWS);
		if (round % 3 == 0)
			show("sum", sum(windows[i].at, windows[i].num * PAGE));
	}
	return 0;
}

/* Which calls are made depends on where the mapping lies. */
static void cut_out(uint64_t align, uint64_t len)
{
	byte *p = map(0, align + len, 0, PRIVATE | ANON, -1, 0);
	uint64_t before = -(uint64_t)p & (align - 1), behind = align - before;

	if (before)
		show("cut off before it", (uint64_t)guest_syscall(SYS_munmap, (long)p, (long)before, 0) + before);
	if (behind)
		show("cut off behind it",
		     (uint64_t)guest_syscall(SYS_munmap, (long)(p + before + len), (long)behind, 0) + behind);
	guest_syscall(SYS_mprotect, (long)(p + before), PAGE, RW);
	p[before] = 5;
	show("what is left", p[before]);
}

static int aligned(void)
{
	for (uint64_t align = 0x10000; align <= 0x4000000; align *= 2) {
		show("alignment", align);
		cut_out(align, align);
		cut_out(align, 3 * PAGE);
	}
	return 0;
}

int guest_main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} modes[] = {
		{"lengths", lengths}, {"views", views},     {"moved", moved}, {"keep", keep},     {"grow", grow},
		{"end", end},         {"advice", advice},   {"heap", heap},   {"places", places}, {"code", code},
		{"device", device},   {"image", image},     {"self", self},   {"spread", spread}, {"guard", guard},
		{"patched", patched}, {"aligned", aligned},
	};

	for (size_t i = 0; argc > 1 && i < sizeof modes / sizeof *modes; i++)
		if (same(argv[1], modes[i].name))
			return modes[i].run();
	return argc > 2 && same(argv[1], "random") ? anything(argv[2]) : 2;
}
