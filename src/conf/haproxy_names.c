/* SPDX-License-Identifier: Apache-2.0
 *
 * The names HAProxy gives to its keywords, so that a refusal can say "usher does not have this yet" instead of "unknown",
 * and what to use instead. The lists of contrib/keywords stand in the program as they are; they are searched when
 * something is refused, never else. Constants: any thread.
 */
#include "conf/haproxy_names.h"

#include "base/assert.h"
#include "base/strbuf.h"

/* The files' bytes; paths are relative to the repository, where the compiler runs. */
#define LIST(ident, path) \
	__asm__(".pushsection .rodata\n" #ident "_list: .incbin \"" path "\"\n" #ident "_list_end:\n.popsection\n"); \
	extern const char ident##_list[] __attribute__((visibility("hidden"))), ident##_list_end[] __attribute__((visibility("hidden")))

LIST(names, "contrib/keywords/names.txt");
LIST(instead, "contrib/keywords/instead.txt");

static const char *const kinds[] = {
	[HAPROXY_SECTION] = "section", [HAPROXY_GLOBAL] = "global", [HAPROXY_PROXY] = "proxy", [HAPROXY_BIND] = "bind",
	[HAPROXY_SERVER] = "server", [HAPROXY_ACTION] = "action", [HAPROXY_FETCH] = "fetch",
	[HAPROXY_CONVERTER] = "converter", [HAPROXY_ALIAS] = "alias", [HAPROXY_SERVICE] = "service",
	[HAPROXY_COMMAND] = "command",
};

bool haproxy_has_name(enum haproxy_kind kind, struct slice name)
{
	char memory[256];
	struct strbuf line;

	/* Comments stand above all names, so each has an end of line before it. */
	ASSERT((size_t)kind < COUNT_OF(kinds));
	strbuf_init_fixed(&line, memory, sizeof(memory));
	strbuf_addf(&line, "\n%s %.*s\n", kinds[kind], SLICE_FMT(name));
	return !line.truncated && memmem(names_list, (size_t)(names_list_end - names_list), line.ptr, line.len);
}

static bool next_line(struct slice *rest, struct slice *line)
{
	ptrdiff_t end = slice_find_byte(*rest, '\n');

	if (end < 0)
		return false;
	*line = slice_make(rest->ptr, (size_t)end);
	*rest = slice_from(*rest, (size_t)end + 1);
	return true;
}

/* How much of the name a line "<tab><kind> <name>" holds, '*' for its end included; 0: it holds for another. */
static size_t fit(struct slice line, enum haproxy_kind kind, struct slice name)
{
	struct slice pattern = slice_from(line, strlen("\t") + strlen(kinds[kind]) + strlen(" "));

	if (!slice_starts(slice_from(line, 1), slice_of(kinds[kind])) || pattern.len == 0 || pattern.ptr[-1] != ' ')
		return 0;
	bool all = pattern.ptr[pattern.len - 1] == '*';
	return (all ? slice_starts(name, slice_make(pattern.ptr, pattern.len - 1)) : slice_eq(name, pattern)) ? pattern.len : 0;
}

const char *haproxy_instead(enum haproxy_kind kind, struct slice name)
{
	static _Thread_local char memory[512];
	struct slice rest = slice_make(instead_list, (size_t)(instead_list_end - instead_list)), line, text = SLICE(""), best = SLICE("");
	struct strbuf out;
	size_t longest = 0;

	ASSERT((size_t)kind < COUNT_OF(kinds));
	while (next_line(&rest, &line)) {
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		if (line.ptr[0] != '\t') {
			text = line;
			continue;
		}
		size_t len = fit(line, kind, name);
		if (len > longest) {
			longest = len;
			best = text;
		}
	}
	strbuf_init_fixed(&out, memory, sizeof(memory));
	if (best.len && !slice_starts(best, SLICE("gone ")))
		strbuf_add_str(&out, ": ");
	strbuf_add_slice(&out, best);
	return out.ptr;
}

bool haproxy_gave_up(enum haproxy_kind kind, struct slice name)
{
	return strncmp(haproxy_instead(kind, name), "gone ", 5) == 0;
}
