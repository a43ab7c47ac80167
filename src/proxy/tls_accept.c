/* SPDX-License-Identifier: Apache-2.0
 *
 * Handshakes with clients, on the session's thread.
 */
#include "proxy/tls_accept.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include "conn/tls_proof.h"
#include "core/clock.h"
#include "proxy/conn_errors.h"
#include "proxy/global.h"
#include "proxy/log_line.h"
#include "proxy/tls_share.h"

struct rate tls_accept_rate, tls_accept_key_rate;

/* Nothing was said: a probe, which is counted and not logged. */
static bool was_silent(const struct session *s)
{
	SSL *ssl = tls_of(&s->client);

	return ssl && BIO_number_read(SSL_get_rbio(ssl)) == 0;
}

/* What OpenSSL says of it; of a certificate, what is wrong with that. */
static const char *words_of(const struct session *s)
{
	const struct tls_faults *f = tls_faults(&s->client);

	return f && f->refused ? X509_verify_cert_error_string(f->refused) : ERR_reason_error_string(tls_failure(&s->client));
}

static enum tls_accept fail(struct session *s, enum conn_error number, enum close_reason reason)
{
	const char *words = words_of(s);
	char memory[256];
	struct strbuf text;

	COUNT(&s->fe->fe, tls_failed);
	COUNT(&s->listener->counters, tls_failed);
	s->error = (uint8_t)number;
	s->reason = (uint8_t)reason;
	strbuf_init_fixed(&text, memory, sizeof(memory));
	strbuf_add_str(&text, conn_error_text(number));
	if (words)
		strbuf_addf(&text, " (%s)", words);
	if (number == CONN_ERROR_TLS_LIMIT || !was_silent(s))
		log_line_refused(s, memory);
	return TLS_ACCEPT_FAILED;
}

static enum tls_accept failed(struct session *s)
{
	const struct conn *c = &s->client;

	if (tls_faults(c)->refused)
		return fail(s, tls_faults(c)->refused_depth ? CONN_ERROR_TLS_CA : CONN_ERROR_TLS_LEAF, CLOSE_CLIENT_ABORT);
	if (tls_failure(c))
		return fail(s, CONN_ERROR_TLS_HANDSHAKE, CLOSE_CLIENT_ABORT);
	return fail(s, c->eof ? CONN_ERROR_TLS_CLOSED : CONN_ERROR_TLS_BROKEN, CLOSE_CLIENT_ABORT);
}

static bool begin(struct session *s)
{
	uint32_t limit_ms = s->fe->set.timeout_client_hs_ms ? s->fe->set.timeout_client_hs_ms : s->fe->set.timeout_client_ms;

	if (limit_ms)
		timer_set_at(&s->timer, clock_now_ms + limit_ms);
	return tls_begin(&s->client, tls_front_context(s->listener->tls), TLS_SERVER, &s->in, SLICE(""));
}

static bool is_full(void)
{
	return global.max_tls_conns && __atomic_load_n(&tls_now, __ATOMIC_RELAXED) >= (uint64_t)global.max_tls_conns;
}

static void count_session(struct session *s)
{
	if (!SSL_session_reused(tls_of(&s->client))) {
		COUNT(&s->fe->fe, tls_full);
		COUNT(&s->listener->counters, tls_full);
		rate_count(&tls_accept_key_rate);
		return;
	}
	tls_proof_recall(tls_of(&s->client));
	COUNT(&s->fe->fe, tls_resumed);
	COUNT(&s->listener->counters, tls_resumed);
	tls_front_note_resumed(s->listener->tls, tls_showed_ticket(&s->client));
}

enum tls_accept tls_accept_run(struct session *s)
{
	if (tls_of(&s->client) == NULL) {
		rate_count(&tls_accept_rate);
		if (is_full())
			return fail(s, CONN_ERROR_TLS_LIMIT, CLOSE_RESOURCE);
		if (!begin(s))
			return fail(s, CONN_ERROR_TLS_MEMORY, CLOSE_RESOURCE);
	}
	if (!s->client.can_read)
		return TLS_ACCEPT_WAIT;
	bool later;
	enum io r = tls_share_handshake(&s->client, &later);
	if (later)
		return TLS_ACCEPT_SOON;
	switch (r) {
	case IO_DONE:
		timer_stop(&s->timer);
		count_session(s);
		return TLS_ACCEPT_DONE;
	case IO_AGAIN:
		return TLS_ACCEPT_WAIT;
	default:
		return failed(s);
	}
}

void tls_accept_timeout(struct session *s)
{
	fail(s, CONN_ERROR_TLS_TIMEOUT, CLOSE_CLIENT_TIMEOUT);
}
