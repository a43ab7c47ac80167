/* SPDX-License-Identifier: Apache-2.0
 *
 * rand([<range>]) and uuid([<version>]). rand comes from a generator per thread, seeded by the
 * kernel, and is no secret; every uuid is the kernel's own randomness. Any thread.
 */
#include <stdio.h>
#include <sys/random.h>

#include "core/random.h"
#include "rule/fetch.h"

static bool random_bytes(void *out, size_t n) { return getrandom(out, n, 0) == (ssize_t)n; }

static bool rand_check(struct args *a, struct strbuf *err)
{
	if (a->v[0].type == ARG_NONE)
		a->v[0].num = INT64_C(1) << 32;
	if (a->v[0].num > 0 && a->v[0].num <= INT64_C(1) << 32)
		return true;
	strbuf_add_str(err, "the range must be 1 to 4294967296");
	return false;
}

static enum eval_result rand_get(const struct args *a, struct eval *ev, struct value *out)
{
	(void)ev;
	*out = value_int((int64_t)random_below((uint64_t)a->v[0].num));
	return EVAL_OK;
}

static bool uuid_check(struct args *a, struct strbuf *err)
{
	if (a->v[0].type == ARG_NONE || a->v[0].num == 4)
		return true;
	strbuf_addf(err, "UUID version %lld is not made here, only 4", (long long)a->v[0].num);
	return false;
}

static enum eval_result uuid_get(const struct args *a, struct eval *ev, struct value *out)
{
	uint8_t b[16];
	char *text = arena_alloc(ev->arena, 37);

	(void)a;
	if (!text || !random_bytes(b, sizeof(b)))
		return EVAL_NONE;
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* RFC 4122 section 4.4: version and variant */
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(text, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
		b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
	*out = value_str(slice_make(text, 36));
	return EVAL_OK;
}

FETCH(rand) = { .keyword = "rand", .usage = "rand([<range>])", .args = ";i", .type = VALUE_INT, .phases = PHASE_ANY,
	.check = rand_check, .get = rand_get };
FETCH(uuid) = { .keyword = "uuid", .usage = "uuid([<version>])", .args = ";i", .type = VALUE_STR, .phases = PHASE_ANY,
	.check = uuid_check, .get = uuid_get };
