/* SPDX-License-Identifier: Apache-2.0
 *
 * The PROXY header at the door. The codec in wire/ judges bytes; here is who must send one, how
 * long it may take, and what follows from it. The order of things for one connection:
 *     begin (what the policy says of the peer) - examine what is there - read more - ... -
 *     a header: believe it or not, perhaps look for one more - or a fault: refuse, or let pass
 */
#include "proxy/pp_receive.h"

#include <stdlib.h>
#include "core/clock.h"
#include "proxy/log_line.h"
#include "proxy/pp_errors.h"
#include "proxy/pp_health.h"
#include "proxy/pp_policy.h"

static const struct pp_policy *policy_of(const struct session *s)
{
	return s->listener->set.policy ? s->listener->set.policy : &pp_policy_accept_proxy;
}

static struct counters *counters_of(const struct session *s)
{
	return counters_own(&s->listener->counters);
}

/* ---- how it ends ---- */

static enum pp_receive pass(struct session *s)
{
	timer_stop(&s->timer);
	s->handshake_us = clock_now_us - s->accept_us;
	if (s->in && buf_len(s->in) == 0)
		buf_put(&s->in);
	return PP_RECEIVE_DONE;
}

static enum pp_receive drop(struct session *s, enum close_reason reason)
{
	s->reason = (uint8_t)reason;
	return PP_RECEIVE_REFUSED;
}

/* As HAProxy says it (manual, fc_err_str), then what exactly. */
static void log_fault(struct session *s, const struct pp_error *e)
{
	char memory[1024];
	struct strbuf text;

	strbuf_init_fixed(&text, memory, sizeof(memory));
	strbuf_addf(&text, "%s (", pp_fault_phrase(e->fault));
	pp_error_text(e, &text);
	strbuf_add_byte(&text, ')');
	log_line_refused(s, memory);
}

/* Keeps the fault for show proxy-errors. */
static void remember_fault(struct session *s, unsigned fault, const struct pp_header *h, struct pp_error *e)
{
	struct slice bytes = buf_slice(s->in);

	*e = (struct pp_error){ .when = clock_wall(), .listener = s->listener, .peer = s->peer, .shadow = s->pp_shadow,
		.fault = (uint16_t)fault, .level = s->pp_level };

	if (h) {
		e->claimed = h->claimed;
		e->src = h->src;
		e->dst = h->dst;
		e->offset = (uint32_t)h->offset;
	} else {
		e->offset = (uint32_t)bytes.len;
	}
	e->bytes_len = (uint8_t)(bytes.len < PP_ERROR_BYTES ? bytes.len : PP_ERROR_BYTES);
	memcpy(e->bytes, bytes.ptr, e->bytes_len);
	pp_errors_add(e);
}

static uint64_t *fault_counter(struct counters *c, unsigned fault)
{
	switch (fault) {
	case PP_FAULT_MISSING:
		return &c->pp_missing_refused;
	case PP_FAULT_REJECTED:
		return &c->pp_rejected;
	case PP_FAULT_TIMEOUT:
		return &c->pp_timeout;
	case PP_FAULT_TRUNCATED:
		return &c->pp_truncated;
	case PP_VERSION_REFUSED:
		return &c->pp_version_refused;
	default:
		return &c->pp_errors[fault];
	}
}

static uint64_t *shadow_counter(struct counters *c, unsigned fault)
{
	switch (fault) {
	case PP_FAULT_MISSING:
		return &c->pp_shadow_missing;
	case PP_FAULT_REJECTED:
		return &c->pp_shadow_rejected;
	case PP_VERSION_REFUSED:
		return &c->pp_shadow_version;
	default:
		return &c->pp_shadow_errors;
	}
}

/* In shadow mode a connection is counted once, with the first thing that would have closed it, and not logged. */
static void would_refuse(struct session *s, unsigned fault, const struct pp_header *h)
{
	struct pp_error e;

	if (s->pp_would_refuse)
		return;
	s->pp_would_refuse = true;
	counter_add(&counters_of(s)->pp_shadow, 1);
	counter_add(shadow_counter(counters_of(s), fault), 1);
	remember_fault(s, fault, h, &e);
}

static enum pp_receive refuse(struct session *s, unsigned fault, const struct pp_header *h, enum close_reason reason)
{
	struct pp_error e;

	if (s->pp_shadow) {
		would_refuse(s, fault, h);
		return pass(s);
	}
	counter_add(fault_counter(counters_of(s), fault), 1);
	remember_fault(s, fault, h, &e);
	/* Whatever an outer header claimed is not in force any more: the peer is all that is known. */
	s->src = s->peer;
	s->has_dst = false;
	free(s->pp);
	s->pp = NULL;
	s->reason = (uint8_t)reason;
	s->error = (uint8_t)pp_fault_number(fault);
	log_fault(s, &e);
	return PP_RECEIVE_REFUSED;
}

/* ---- a whole header ---- */

static void count_header(struct session *s, const struct pp_header *h)
{
	struct counters *c = counters_of(s);

	if (h->version == 2 && h->command == PP_LOCAL)
		counter_add(&c->pp_local, 1);
	else
		counter_add(h->version == 1 ? &c->pp_v1 : &c->pp_v2, 1);
}

/* Of several headers the innermost, nearest to the client, gives the addresses; its TLVs stand before the outer ones. */
static bool believe(struct session *s, const struct pp_header *h)
{
	size_t outer = s->pp ? s->pp->tlvs_len : 0;
	struct pp_info *info = malloc(sizeof(*info) + h->tlvs.len + outer);

	if (info == NULL)
		return false;
	*info = (struct pp_info){ .version = h->version, .command = h->command, .has_addr = h->has_addr || (s->pp && s->pp->has_addr),
		.src = h->src, .dst = h->dst, .tlvs_len = (uint32_t)(h->tlvs.len + outer) };
	if (h->tlvs.len)
		memcpy(info->tlvs, h->tlvs.ptr, h->tlvs.len);
	if (outer)
		memcpy(info->tlvs + h->tlvs.len, s->pp->tlvs, outer);
	free(s->pp);
	s->pp = info;
	if (h->has_addr) {
		s->src = h->src;
		s->dst = h->dst;
		s->has_dst = true;
	}
	return true;
}

/* A header that came but does not count: fc_rcvd_proxy knows of it, nothing else does. */
static bool throw_away(struct session *s, const struct pp_header *h)
{
	s->pp = malloc(sizeof(*s->pp));
	if (s->pp == NULL)
		return false;
	*s->pp = (struct pp_info){ .version = h->version, .command = h->command, .ignored = true };
	return true;
}

/* Whether one more header may follow: the client just claimed is trusted to send it. */
static bool look_deeper(struct session *s, const struct pp_policy *p, const struct pp_header *h)
{
	if (!h->has_addr || s->pp_level >= p->depth || !pp_peers_find(&p->trust[s->pp_level + 1], &s->src))
		return false;
	s->pp_level++;
	s->header_started = false;
	timer_stop(&s->timer);
	return true;
}

/* DONE: go on; WAIT: look for one more header or a probe's question. */
static enum pp_receive take_header(struct session *s, const struct pp_header *h)
{
	const struct pp_policy *p = policy_of(s);
	bool believed = s->pp_verdict == PP_REQUIRE || s->pp_verdict == PP_OPTIONAL || s->pp_level > 1;

	/* Only shadow mode reads versions the policy refuses, or a header from whom it rejects. */
	if (!(p->versions & (h->version == 1 ? PP_V1 : PP_V2))) {
		would_refuse(s, PP_VERSION_REFUSED, h);
		believed = false;
	}
	count_header(s, h);
	if (s->pp_verdict == PP_IGNORE)
		counter_add(&counters_of(s)->pp_ignored, 1);
	if (!(believed ? believe(s, h) : throw_away(s, h)))
		return drop(s, CLOSE_RESOURCE);
	buf_consume(s->in, h->len);
	if (believed && p->health_reply && h->version == 2 && h->command == PP_LOCAL && s->pp_level == 1) {
		s->pp_probe = true;
		return PP_RECEIVE_WAIT;
	}
	return believed && look_deeper(s, p, h) ? PP_RECEIVE_WAIT : pass(s);
}

/* ---- no header ---- */

/* Whether bytes that are no header, or not yet, are the protocol's. */
static bool header_may_be_absent(const struct session *s)
{
	return s->pp_level > 1 || s->pp_verdict == PP_OPTIONAL || s->pp_verdict == PP_IGNORE;
}

static enum pp_receive without_header(struct session *s, const struct pp_header *h)
{
	if (!header_may_be_absent(s))
		return refuse(s, PP_FAULT_MISSING, h, CLOSE_REFUSED);
	if (s->pp_level == 1)
		counter_add(&counters_of(s)->pp_missing_allowed, 1);
	return pass(s);
}

/* What came so far is shorter than a signature: nobody can say that it begins a header. */
static bool signature_incomplete(const struct session *s)
{
	struct slice in = buf_slice(s->in);

	return in.len < (in.len && in.ptr[0] == 'P' ? 6u : 12u);
}

/* The rest of a header that began will not come. */
static enum pp_receive cut_short(struct session *s, unsigned fault, enum close_reason reason)
{
	if (header_may_be_absent(s) && signature_incomplete(s))
		return without_header(s, NULL);
	return refuse(s, fault, NULL, reason);
}

static enum pp_receive at_end(struct session *s)
{
	if (s->pp_probe) {
		pp_health_answer(s, true);
		return PP_RECEIVE_REFUSED;
	}
	if (buf_len(s->in))
		return cut_short(s, PP_FAULT_TRUNCATED, CLOSE_CLIENT_ABORT);
	if (s->pp_level > 1)
		return pass(s);
	if (policy_of(s)->health_reply) {
		pp_health_empty(s);
		return PP_RECEIVE_REFUSED;
	}
	counter_add(&counters_of(s)->pp_probe, 1);
	return drop(s, CLOSE_CLIENT_ABORT);
}

/* ---- the loop ---- */

/* What the bytes so far are; WAIT: read on. */
static enum pp_receive examine(struct session *s)
{
	const struct pp_policy *p = policy_of(s);
	struct pp_limits limits = { s->pp_shadow ? PP_V1 | PP_V2 : p->versions, p->max_header };
	struct slice bytes = buf_slice(s->in);
	struct pp_header h;

	if (s->pp_probe && pp_health_wants_tls(s)) {
		s->pp_probe = false;
		return pass(s);
	}
	if (s->pp_probe)
		return pp_health_answer(s, false) ? PP_RECEIVE_REFUSED : PP_RECEIVE_WAIT;
	ssize_t n = bytes.len ? pp_parse(bytes.ptr, bytes.len, &limits, &h) : 0;
	if (n == 0)
		return PP_RECEIVE_WAIT;
	if (n > 0) {
		enum pp_receive r = take_header(s, &h);
		return r == PP_RECEIVE_WAIT && buf_len(s->in) ? examine(s) : r;
	}
	if (h.reason == PP_SIGNATURE)
		return without_header(s, &h);
	return refuse(s, h.reason, &h, CLOSE_REFUSED);
}

static void arm_timer(struct session *s)
{
	if (buf_len(s->in) || s->pp_probe) {
		if (!s->header_started) {
			s->header_started = true;
			timer_set_at(&s->timer, clock_now_ms + policy_of(s)->header_timeout_ms);
		}
	} else if (s->fe->set.timeout_client_ms) {
		timer_bring_forward(&s->timer, clock_now_ms + s->fe->set.timeout_client_ms);
	}
}

/* A buffer with room; headers beyond the small size (max-header allows it) move to a large one. */
static bool make_room(struct session *s)
{
	if (s->in == NULL)
		return (s->in = buf_get_small()) != NULL;
	if (buf_room(s->in))
		return true;
	buf_compact(s->in);
	if (buf_room(s->in))
		return true;
	struct buf *large = buf_get_large();
	if (large == NULL)
		return false;
	buf_append(large, s->in->data + s->in->head, buf_len(s->in));
	buf_put(&s->in);
	s->in = large;
	return true;
}

/* DONE: goes on at once, REFUSED: closed at once, WAIT: its bytes decide. */
static enum pp_receive begin(struct session *s)
{
	const struct pp_policy *p = policy_of(s);

	s->pp_level = 1;
	s->pp_verdict = (uint8_t)pp_policy_verdict(p, &s->peer);
	/* What is on when the connection comes stays on for it. */
	s->pp_shadow = pp_policy_shadow(p);
	if (s->pp_verdict == PP_RAW)
		return PP_RECEIVE_DONE;
	if (s->pp_verdict != PP_REJECT)
		return PP_RECEIVE_WAIT;
	if (!s->pp_shadow)
		return refuse(s, PP_FAULT_REJECTED, NULL, CLOSE_REFUSED);
	would_refuse(s, PP_FAULT_REJECTED, NULL);
	return PP_RECEIVE_WAIT;
}

enum pp_receive pp_receive_run(struct session *s)
{
	enum pp_receive r = PP_RECEIVE_WAIT;

	if (s->pp_level == 0 && (r = begin(s)) != PP_RECEIVE_WAIT)
		return r;
	while (s->client.can_read) {
		if (!make_room(s))
			return drop(s, CLOSE_RESOURCE);
		size_t got;
		switch (s->client.transport->recv(&s->client, s->in->data + s->in->tail, buf_room(s->in), &got)) {
		case IO_DONE:
			s->in->tail += (uint32_t)got;
			if ((r = examine(s)) != PP_RECEIVE_WAIT)
				return r;
			if (s->client.eof)
				return at_end(s);
			break;
		case IO_AGAIN:
			break;
		case IO_EOF:
		case IO_FAIL:
			return at_end(s);
		}
	}
	arm_timer(s);
	if (buf_len(s->in) == 0)
		buf_put(&s->in);
	return PP_RECEIVE_WAIT;
}

enum pp_receive pp_receive_timeout(struct session *s)
{
	if (s->pp_probe) {
		pp_health_answer(s, true);
		return PP_RECEIVE_REFUSED;
	}
	if (s->header_started)
		return cut_short(s, PP_FAULT_TIMEOUT, CLOSE_CLIENT_TIMEOUT);
	counter_add(&counters_of(s)->pp_probe, 1);
	return drop(s, CLOSE_CLIENT_TIMEOUT);
}
