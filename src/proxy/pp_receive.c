/* SPDX-License-Identifier: Apache-2.0
 *
 * The PROXY header at the door. The codec in wire/ judges bytes; here is who must send one, how
 * long it may take, and what follows from it.
 */
#include "proxy/pp_receive.h"

#include <stdio.h>
#include <stdlib.h>
#include "core/clock.h"
#include "proxy/global.h"
#include "proxy/log_line.h"

#define HEADER_TIMEOUT_MS 5000

static void arm_timer(struct session *s)
{
	if (buf_len(s->in)) {
		if (!s->header_started) {
			s->header_started = true;
			timer_set_at(&s->timer, clock_now_ms + HEADER_TIMEOUT_MS);
		}
	} else if (s->fe->set.timeout_client_ms) {
		timer_bring_forward(&s->timer, clock_now_ms + s->fe->set.timeout_client_ms);
	}
}

static bool remember(struct session *s, const struct pp_header *h)
{
	struct pp_info *info = malloc(sizeof(*info) + h->tlvs.len);

	if (info == NULL)
		return false;
	*info = (struct pp_info){ .version = h->version, .command = h->command, .has_addr = h->has_addr,
		.src = h->src, .dst = h->dst, .tlvs_len = (uint32_t)h->tlvs.len };
	memcpy(info->tlvs, h->tlvs.ptr, h->tlvs.len);
	s->pp = info;
	if (h->has_addr) {
		s->src = h->src;
		s->dst = h->dst;
		s->has_dst = true;
	}
	return true;
}

static void count_header(struct session *s, const struct pp_header *h)
{
	struct counters *c = counters_own(&s->listener->counters);

	if (h->version == 2 && h->command == PP_LOCAL)
		counter_add(&c->pp_local, 1);
	else
		counter_add(h->version == 1 ? &c->pp_v1 : &c->pp_v2, 1);
}

static enum pp_receive refuse(struct session *s, enum pp_reason reason)
{
	/* HAProxy's two texts, then the reason. */
	char text[128];
	snprintf(text, sizeof(text), "%s (%s)", reason == PP_SIGNATURE || reason == PP_V2_VERSION ?
	         "Received something which does not look like a PROXY protocol header" :
	         "Received an invalid PROXY protocol header", pp_reason_name(reason));

	counter_add(&counters_own(&s->listener->counters)->pp_errors[reason], 1);
	s->reason = CLOSE_REFUSED;
	log_line_refused(s, text, NULL);
	return PP_RECEIVE_REFUSED;
}

static enum pp_receive at_end(struct session *s)
{
	if (buf_len(s->in) == 0)
		COUNT(&s->listener->counters, pp_probe);
	else
		COUNT(&s->listener->counters, pp_missing_refused);
	s->reason = CLOSE_CLIENT_ABORT;
	if (buf_len(s->in))
		log_line_refused(s, "Truncated PROXY protocol header received", NULL);
	return PP_RECEIVE_REFUSED;
}

enum pp_receive pp_receive_run(struct session *s)
{
	struct pp_limits limits = PP_LIMITS_DEFAULT;

	for (;;) {
		struct pp_header h;
		struct slice bytes = buf_slice(s->in);
		ssize_t n = bytes.len ? pp_parse(bytes.ptr, bytes.len, &limits, &h) : 0;
		if (n < 0)
			return refuse(s, h.reason);
		if (n > 0) {
			if (!remember(s, &h)) {
				s->reason = CLOSE_RESOURCE;
				return PP_RECEIVE_REFUSED;
			}
			count_header(s, &h);
			timer_stop(&s->timer);
			s->handshake_us = clock_now_us - s->accept_us;
			buf_consume(s->in, (size_t)n);
			if (buf_len(s->in) == 0)
				buf_put(&s->in);
			return PP_RECEIVE_DONE;
		}
		if (!s->client.can_read) {
			arm_timer(s);
			return PP_RECEIVE_WAIT;
		}
		if (s->in == NULL && (s->in = buf_get_small()) == NULL) {
			s->reason = CLOSE_RESOURCE;
			return PP_RECEIVE_REFUSED;
		}
		size_t got;
		switch (s->client.transport->recv(&s->client, s->in->data + s->in->tail, buf_room(s->in), &got)) {
		case IO_DONE:
			s->in->tail += (uint32_t)got;
			break;
		case IO_AGAIN:
			if (buf_len(s->in) == 0)
				buf_put(&s->in);
			break;
		case IO_EOF:
		case IO_FAIL:
			return at_end(s);
		}
	}
}

void pp_receive_timeout(struct session *s)
{
	if (s->header_started)
		COUNT(&s->listener->counters, pp_timeout);
	else
		COUNT(&s->listener->counters, pp_probe);
	s->reason = CLOSE_CLIENT_TIMEOUT;
	if (s->header_started)
		log_line_refused(s, "Timeout while waiting for PROXY protocol header", NULL);
}
