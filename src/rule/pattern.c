/* SPDX-License-Identifier: Apache-2.0
 *
 * Patterns as objects, and the frame of an index. How they are found is the engines' business.
 */
#include "rule/pattern.h"

#include <stdlib.h>
#include <string.h>
#include "base/assert.h"
#include "core/epoch.h"
#include "rule/match.h"

/* Numbers look like the addresses HAProxy shows in their place, and no two patterns of a process ever had the same. */
static uint64_t last_id = (uint64_t)1 << 44;

static struct pattern_value *value_at(void *mem, struct slice text)
{
	struct pattern_value *v = mem;

	v->len = (uint32_t)text.len;
	if (text.len)
		memcpy(v->text, text.ptr, text.len);
	v->text[text.len] = 0;
	return v;
}

/* Where the first value lies, if there was one. */
static size_t value_offset(size_t key_len)
{
	size_t align = _Alignof(struct pattern_value);

	return (sizeof(struct pattern) + key_len + 1 + align - 1) / align * align;
}

struct pattern *pattern_new(struct slice key, const struct slice *value, uint32_t line)
{
	/* Without a value there is a byte where it would lie, so that no value from elsewhere can have that address. */
	size_t size = value_offset(key.len) + (value ? sizeof(struct pattern_value) + value->len : 0) + 1;
	struct pattern *p = key.len < UINT32_MAX && (!value || value->len < UINT32_MAX) ? malloc(size) : NULL;

	if (!p)
		return NULL;
	p->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
	p->line = line;
	p->key_len = (uint32_t)key.len;
	if (key.len)
		memcpy(p->key, key.ptr, key.len);
	p->key[key.len] = 0;
	p->value = value ? value_at((char *)p + value_offset(key.len), *value) : NULL;
	return p;
}

static bool value_is_apart(const struct pattern *p)
{
	return p->value && (const char *)p->value != (const char *)p + value_offset(p->key_len);
}

bool pattern_set_value(struct pattern *p, struct slice value)
{
	struct pattern_value *old = value_is_apart(p) ? p->value : NULL;
	void *mem = value.len < UINT32_MAX ? malloc(sizeof(struct pattern_value) + value.len + 1) : NULL;

	if (!mem)
		return false;
	__atomic_store_n(&p->value, value_at(mem, value), __ATOMIC_RELEASE);
	if (old)
		epoch_retire(old, free);
	return true;
}

void pattern_free(void *mem)
{
	struct pattern *p = mem;

	if (value_is_apart(p))
		free(p->value);
	free(p);
}

void pattern_write(struct strbuf *out, struct slice text)
{
	size_t plain = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if ((c >= 0x20 && c != 0x7f) || c == '\t')
			continue;
		strbuf_add(out, text.ptr + plain, i - plain);
		strbuf_addf(out, "\\x%02x", c);
		plain = i + 1;
	}
	strbuf_add(out, text.ptr + plain, text.len - plain);
}

struct pattern_index *pattern_index_new(const struct matcher *m, bool nocase)
{
	ASSERT(m->engine->size >= sizeof(struct pattern_index));
	struct pattern_index *x = calloc(1, m->engine->size);

	if (x)
		*x = (struct pattern_index){ m, nocase };
	return x;
}

bool pattern_index_free(struct pattern_index **px, size_t *budget)
{
	struct pattern_index *x = *px;

	if (x && !x->matcher->engine->close(x, budget))
		return false;
	free(x);
	*px = NULL;
	return true;
}
