/* What an x86-64 encoding is, by its opcode map alone: for the accounting of what has no model. */
#ifndef LIB_ORACLE_X86_64_CLASS_H
#define LIB_ORACLE_X86_64_CLASS_H

#include "lib/oracle/walk.h"

/* The kind, and the opcode as manuals write it ("0F 38 C8", "VEX 0F 77") in name. */
enum walk_class x86_64_classify(const uint8_t *bytes, size_t len, char name[ISA_FORM_LEN]);

/* What is special about an encoding: bits by enum walk_trait. */
unsigned x86_64_traits(const struct insn *insn);

#endif
