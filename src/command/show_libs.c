/* SPDX-License-Identifier: Apache-2.0
 *
 * show libs: what code is loaded where, to read addresses in reports of stuck threads and in core files by. One thread.
 */
#include <link.h>
#include <unistd.h>
#include "proxy/command.h"

static void add_object(struct strbuf *out, const struct dl_phdr_info *object)
{
	uintptr_t from = UINTPTR_MAX, to = 0;
	char self[4096] = "usher";

	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		uintptr_t at = object->dlpi_addr + part->p_vaddr;
		if (part->p_type != PT_LOAD)
			continue;
		if (at < from)
			from = at;
		if (at + part->p_memsz > to)
			to = at + part->p_memsz;
	}
	if (from > to)
		return;
	const char *name = object->dlpi_name;
	if (name[0] == 0) {
		ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
		if (n > 0)
			self[n] = 0;
		name = self;
	}
	strbuf_addf(out, "0x%012zx-0x%012zx (0x%07zx) %s\n", (size_t)from, (size_t)to - 1, (size_t)(to - from), name);
}

static int each_object(struct dl_phdr_info *object, size_t size, void *out)
{
	(void)size;
	add_object(out, object);
	return 0;
}

static bool show_libs_start(struct cli *c)
{
	dl_iterate_phdr(each_object, &c->out);
	return true;
}

COMMAND(show_libs) = {
	.keyword = "show libs", .usage = "show libs", .text = "show what code is loaded where", .level = CLI_OPERATOR,
	.start = show_libs_start,
};
