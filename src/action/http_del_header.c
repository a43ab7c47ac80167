/* SPDX-License-Identifier: Apache-2.0
 *
 * del-header <name> [-m str|beg|end|sub|reg]: takes out every field whose name is this, begins with it ... Case does not
 * matter in names. One thread.
 */
#include "proxy/http_edit.h"
#include "rule/boot.h"

enum how { HOW_STR, HOW_BEG, HOW_END, HOW_SUB, HOW_REG };

struct del_header {
	enum how how;
	struct slice name;
	struct regex *re;
};

static bool take_method(struct conf_line *l, enum how *out)
{
	static const char *const words[] = { "str", "beg", "end", "sub", "reg" };
	const char *word = conf_need(l, "'str', 'beg', 'end', 'sub' or 'reg'");

	for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i]) == 0) {
			*out = (enum how)i;
			return true;
		}
	}
	return word && conf_fail(l, "expected 'str', 'beg', 'end', 'sub' or 'reg'");
}

static bool del_header_parse(struct conf_line *l, struct rule *r, const char *paren)
{
	struct del_header *d = boot_alloc(sizeof(*d));
	const char *name = conf_need(l, "the name of a header");
	struct strbuf err = STRBUF_EMPTY;

	(void)paren;
	if (name == NULL || (conf_take_if(l, "-m") && !take_method(l, &d->how)))
		return false;
	d->name = slice_of(name);
	if (d->how == HOW_REG && (d->re = regex_compile(d->name, true, &err)) == NULL)
		conf_fail(l, "regular expression '%s': %s", name, err.ptr);
	strbuf_free(&err);
	r->ptr = d;
	return d->how != HOW_REG || d->re;
}

static bool contains(struct slice name, struct slice part)
{
	for (size_t i = 0; i + part.len <= name.len; i++)
		if (slice_eq_nocase(slice_make(name.ptr + i, part.len), part))
			return true;
	return false;
}

static bool applies(const struct del_header *d, struct slice name)
{
	size_t len = d->name.len;

	switch (d->how) {
	case HOW_BEG:
		return name.len >= len && slice_eq_nocase(slice_make(name.ptr, len), d->name);
	case HOW_END:
		return name.len >= len && slice_eq_nocase(slice_from(name, name.len - len), d->name);
	case HOW_SUB:
		return contains(name, d->name);
	case HOW_REG:
		return regex_find(d->re, name, 0, NULL);
	case HOW_STR:
		break;
	}
	return slice_eq_nocase(name, d->name);
}

static enum action_result del_header_run(const struct rule *r, struct eval *ev, struct rule_cursor *cur)
{
	const struct del_header *d = r->ptr;
	const struct http_head *h = http_edit_head(ev);

	(void)cur;
	if (d->how == HOW_STR) {
		http_edit_remove_all(ev, d->name);
		return ACTION_DONE;
	}
	for (int i = h->n - 1; i >= 0; i--)
		if (applies(d, h->fields[i].name))
			http_edit_remove(ev, i);
	return ACTION_DONE;
}

ACTION(del_header) = {
	.keyword = "del-header", .usage = "del-header <name> [-m {str | beg | end | sub | reg}]",
	.where = RULES_HTTP_REQ | RULES_HTTP_RES | RULES_HTTP_AFTER, .parse = del_header_parse, .run = del_header_run,
};
