/* SPDX-License-Identifier: Apache-2.0
 *
 * rfc7239_is_valid, rfc7239_field, rfc7239_n2nn, rfc7239_n2np, rfc7239_nn, rfc7239_np: Forwarded fields taken apart and put
 * together (RFC 7239). Any thread.
 */
#include "rule/fetch.h"
#include "wire/forwarded.h"

/* Whether every element is right; the first value of the parameter, if one is asked for. */
static bool look(struct slice field, enum forwarded_param p, struct slice *value)
{
	struct forwarded_element e;
	bool any = false;

	*value = (struct slice){ NULL, 0 };
	for (;;) {
		switch (forwarded_next(&field, &e)) {
		case FORWARDED_WRONG:
			return false;
		case FORWARDED_END:
			return any;
		case FORWARDED_ELEMENT:
			any = true;
			if (p < FORWARDED_PARAM_COUNT && value->ptr == NULL)
				*value = e.params[p];
		}
	}
}

static bool is_valid_convert(const struct args *a, struct eval *ev, struct value *v)
{
	struct slice unused;

	(void)a, (void)ev;
	*v = value_bool(look(v->bytes, FORWARDED_PARAM_COUNT, &unused));
	return true;
}

static bool field_check(struct args *a, struct strbuf *err)
{
	a->v[0].num = forwarded_param_of(a->v[0].str);
	if (a->v[0].num < FORWARDED_PARAM_COUNT)
		return true;
	strbuf_addf(err, "expected 'for', 'by', 'host' or 'proto', not '%.*s'", SLICE_FMT(a->v[0].str));
	return false;
}

static bool field_convert(const struct args *a, struct eval *ev, struct value *v)
{
	struct slice value;

	(void)ev;
	if (!look(v->bytes, (enum forwarded_param)a->v[0].num, &value) || value.ptr == NULL)
		return false;
	*v = value_str(value);
	return true;
}

static bool n2nn_convert(const struct args *a, struct eval *ev, struct value *v)
{
	struct slice name, port;
	struct addr ip;

	(void)a, (void)ev;
	if (!forwarded_node(v->bytes, &name, &port))
		return false;
	*v = addr_parse_ip(name, &ip) ? value_addr(ip) : value_str(name);
	return true;
}

static bool n2np_convert(const struct args *a, struct eval *ev, struct value *v)
{
	struct slice name, port;
	uint64_t n;

	(void)a, (void)ev;
	if (!forwarded_node(v->bytes, &name, &port) || port.ptr == NULL)
		return false;
	*v = slice_to_u64(port, &n) ? value_int((int64_t)n) : value_str(port);
	return true;
}

/* Text as an obfuscated name or port. */
static bool hide(struct eval *ev, struct value *v)
{
	if (!value_cast(v, VALUE_STR, ev->arena))
		return false;
	char *out = arena_alloc(ev->arena, v->bytes.len + 1);
	size_t n = out ? forwarded_write_hidden(v->bytes, out) : 0;
	*v = value_str(slice_make(out, n));
	return n > 0;
}

static bool nn_convert(const struct args *a, struct eval *ev, struct value *v)
{
	(void)a;
	if (v->type == VALUE_ADDR) {
		char *out = arena_alloc(ev->arena, ADDR_TEXT_MAX + 2);
		size_t n = out ? forwarded_write_addr(&v->addr, out) : 0;
		*v = value_str(slice_make(out, n));
		return n > 0;
	}
	if (!value_cast(v, VALUE_STR, ev->arena))
		return false;
	if (v->bytes.len)
		return hide(ev, v);
	*v = value_str(SLICE("unknown"));
	return true;
}

static bool np_convert(const struct args *a, struct eval *ev, struct value *v)
{
	(void)a;
	if (v->type == VALUE_INT)
		return v->num >= 0 && v->num <= UINT16_MAX && value_cast(v, VALUE_STR, ev->arena);
	return hide(ev, v);
}

CONVERTER(rfc7239_is_valid) = { .keyword = "rfc7239_is_valid", .usage = "rfc7239_is_valid", .in = VALUE_STR, .out = VALUE_BOOL,
	.convert = is_valid_convert };
CONVERTER(rfc7239_field) = { .keyword = "rfc7239_field", .usage = "rfc7239_field({for | by | host | proto})", .args = "s",
	.in = VALUE_STR, .out = VALUE_STR, .check = field_check, .convert = field_convert };
CONVERTER(rfc7239_n2nn) = { .keyword = "rfc7239_n2nn", .usage = "rfc7239_n2nn", .in = VALUE_STR, .out = VALUE_ANY,
	.convert = n2nn_convert };
CONVERTER(rfc7239_n2np) = { .keyword = "rfc7239_n2np", .usage = "rfc7239_n2np", .in = VALUE_STR, .out = VALUE_ANY,
	.convert = n2np_convert };
CONVERTER(rfc7239_nn) = { .keyword = "rfc7239_nn", .usage = "rfc7239_nn", .in = VALUE_ANY, .out = VALUE_STR, .convert = nn_convert };
CONVERTER(rfc7239_np) = { .keyword = "rfc7239_np", .usage = "rfc7239_np", .in = VALUE_ANY, .out = VALUE_STR, .convert = np_convert };
