/* SPDX-License-Identifier: Apache-2.0
 *
 * The ring of the last refused headers, and their words. One lock.
 */
#include "proxy/pp_errors.h"

#include <pthread.h>
#include <time.h>
#include "base/assert.h"
#include "proxy/conn_errors.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pp_error kept[PP_ERRORS_KEPT]; /* number n stands at n % PP_ERRORS_KEPT; under lock */
static uint64_t last, first = 1;             /* numbers; under lock */

static const struct {
	const char *name, *text;
} faults[PP_FAULT_COUNT - PP_REASON_COUNT] = {
	[PP_FAULT_MISSING - PP_REASON_COUNT] = { "missing", "no PROXY header where one is required" },
	[PP_FAULT_REJECTED - PP_REASON_COUNT] = { "rejected", "the policy rejects this peer" },
	[PP_FAULT_TIMEOUT - PP_REASON_COUNT] = { "timeout", "the header was not complete in time" },
	[PP_FAULT_TRUNCATED - PP_REASON_COUNT] = { "truncated", "the connection ended inside the header" },
};

static const char *fault_name(unsigned fault)
{
	ASSERT(fault < PP_FAULT_COUNT);
	return fault < PP_REASON_COUNT ? pp_reason_name(fault) : faults[fault - PP_REASON_COUNT].name;
}

static const char *fault_text(unsigned fault)
{
	ASSERT(fault < PP_FAULT_COUNT);
	return fault < PP_REASON_COUNT ? pp_reason_text(fault) : faults[fault - PP_REASON_COUNT].text;
}

unsigned pp_fault_number(unsigned fault)
{
	switch (fault) {
	case PP_FAULT_MISSING:
	case PP_SIGNATURE:
		return CONN_ERROR_PP_MISSING;
	case PP_FAULT_REJECTED:
		return CONN_ERROR_PP_REJECTED;
	case PP_FAULT_TIMEOUT:
		return CONN_ERROR_PP_TIMEOUT;
	case PP_FAULT_TRUNCATED:
		return CONN_ERROR_PP_TRUNCATED;
	case PP_V1_FAMILY:
	case PP_V2_FAMILY:
	case PP_V2_TRANSPORT:
		return CONN_ERROR_PP_UNHANDLED;
	default:
		return CONN_ERROR_PP_INVALID;
	}
}

const char *pp_fault_phrase(unsigned fault)
{
	return conn_error_text(pp_fault_number(fault));
}

void pp_errors_add(struct pp_error *e)
{
	pthread_mutex_lock(&lock);
	e->number = ++last;
	kept[last % PP_ERRORS_KEPT] = *e;
	if (last - first >= PP_ERRORS_KEPT)
		first = last - PP_ERRORS_KEPT + 1;
	pthread_mutex_unlock(&lock);
}

bool pp_errors_get(uint64_t from, struct pp_error *out)
{
	pthread_mutex_lock(&lock);
	if (from < first)
		from = first;
	bool found = from <= last;
	if (found)
		*out = kept[from % PP_ERRORS_KEPT];
	pthread_mutex_unlock(&lock);
	return found;
}

void pp_errors_clear(void)
{
	pthread_mutex_lock(&lock);
	first = last + 1;
	pthread_mutex_unlock(&lock);
}

static void add_addr(struct strbuf *out, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	addr_format(a, text, true);
	strbuf_add_str(out, text);
}

void pp_error_text(const struct pp_error *e, struct strbuf *out)
{
	strbuf_addf(out, "%s: %s", fault_name(e->fault), fault_text(e->fault));
	if (e->level > 1)
		strbuf_addf(out, ", header %u", e->level);
	if (e->fault != PP_FAULT_REJECTED)
		strbuf_addf(out, ", offset %u", e->offset);
	if (e->claimed) {
		strbuf_add_str(out, ", claimed ");
		add_addr(out, &e->src);
		strbuf_add_str(out, " -> ");
		add_addr(out, &e->dst);
	}
	if (e->bytes_len) {
		strbuf_add_str(out, ", bytes ");
		strbuf_add_hex(out, e->bytes, e->bytes_len);
	}
}

static void add_listener(struct strbuf *out, const struct listener *l)
{
	strbuf_addf(out, "%s/", l->px->name);
	if (l->set.name)
		strbuf_add_str(out, l->set.name);
	else
		endpoint_format(&l->endpoint, out);
}

void pp_error_line(const struct pp_error *e, struct strbuf *out)
{
	char date[32];
	struct tm tm;

	localtime_r(&e->when.tv_sec, &tm);
	strftime(date, sizeof(date), "%d/%b/%Y:%H:%M:%S", &tm);
	strbuf_addf(out, "number=%llu time=%s.%03d listener=", (unsigned long long)e->number, date, (int)(e->when.tv_usec / 1000));
	add_listener(out, e->listener);
	strbuf_add_str(out, " peer=");
	add_addr(out, &e->peer);
	strbuf_add_str(out, " claimed=");
	if (e->claimed) {
		add_addr(out, &e->src);
		strbuf_add_str(out, "->");
		add_addr(out, &e->dst);
	} else {
		strbuf_add_byte(out, '-');
	}
	strbuf_addf(out, " reason=%s offset=%u header=%u shadow=%s bytes=", fault_name(e->fault), e->offset, e->level,
		e->shadow ? "yes" : "no");
	if (e->bytes_len)
		strbuf_add_hex(out, e->bytes, e->bytes_len);
	else
		strbuf_add_byte(out, '-');
}
