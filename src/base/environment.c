/* SPDX-License-Identifier: Apache-2.0
 *
 * Variables of the environment inside a text. The configuration reader has its own way with them
 * (quotes, lists, pseudo-variables); this is for texts that may come without quotes. Start-up only.
 */
#include "base/environment.h"

#include <stdlib.h>
#include "base/assert.h"

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

void environment_expand(struct slice text, struct strbuf *out)
{
	for (size_t i = 0; i < text.len;) {
		bool brace = text.ptr[i] == '$' && i + 1 < text.len && text.ptr[i + 1] == '{';
		size_t from = i + 1 + brace, to = from;
		while (text.ptr[i] == '$' && to < text.len && is_name(text.ptr[to]))
			to++;
		if (to == from || (brace && (to == text.len || text.ptr[to] != '}'))) {
			strbuf_add_byte(out, text.ptr[i++]);
			continue;
		}
		char *name = slice_dup(slice_make(text.ptr + from, to - from));
		ASSERT(name != NULL);
		const char *value = getenv(name);
		strbuf_add_str(out, value ? value : "");
		free(name);
		i = to + brace;
	}
}
