/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP in a stream: the two messages of an exchange, what rules and logs know of them, and the
 * steps that read a request, answer it here, compose it for the server and compose the answer for the
 * client. Version-free but for the h1 codec it calls. One thread.
 */
#ifndef USHER_PROXY_HTTP_H
#define USHER_PROXY_HTTP_H

#include "proxy/global.h"
#include "proxy/stream.h"
#include "wire/http1.h"

/* Bytes that a head may have: what rules add must find room in the buffer too. Frozen after boot. */
extern uint32_t http_head_max;
/* Fields that a head may have as it comes. */
static inline uint16_t http_fields_max(void) { return (uint16_t)(global.maxhdr - 1); }

/* One exchange; from a pool, owned by its stream, there only while a request is in hand. */
struct http_txn {
	struct http_head req, res;      /* fields borrow from req.buf / res.buf of the stream, or its arena */
	struct http1_body req_body, res_body;
	size_t req_scanned, res_scanned; /* how far partial heads were searched */
	uint32_t req_len, res_len;      /* bytes of the heads in their buffers; 0 once taken off */
	uint16_t status;                /* of the answer, for logs; 0: none yet */
	uint8_t method;                 /* enum http_method of the request as it came */
	uint8_t server_version;         /* of the answer as it came: 10 or 11; 0: none came */
	uint16_t server_status;         /* of the answer as it came; 0: none came */
	bool req_parsed, res_parsed;
	bool res_judged;                /* the backend's response rules have passed */
	bool res_exempt;                /* a rule wants no further rules to look at the answer */
	bool req_valid;                 /* req's slices may be read: until its head leaves */
	bool res_valid;
	bool client_close;              /* the connection to the client ends after this answer */
	bool server_close;              /* the link is not reused */
	bool tunnel;                    /* CONNECT or an upgrade was accepted: raw bytes both ways from here */
	bool local;                     /* the answer is usher's own */
	bool served_chunks;             /* ... made piece by piece, each of them a chunk */
	bool res_spent;                 /* rules put another answer in the place of one that was wholly here */
	bool reused;                    /* the link had carried others before */
	bool expect_continue;
	bool once;                      /* disable-l7-retry */
	bool interim_passed;            /* a part of the server's answer went to the client */
	bool rewritten;                 /* a rule touched a field that frames the message at hand */
	bool fragment;                  /* a rule put a '#' into the target */
	struct slice line;              /* "GET /path HTTP/1.1" as received, in the arena: where http_keeps_line */
	struct slice uri;               /* a part of `line` */
	struct slice method_text;       /* as received; outlives the head */
	struct slice *captured[2];      /* of request and answer: a slice for each slot of the frontend, in the arena, or NULL */
	struct slice captured_cookie[2]; /* in the arena */
	struct http_gathering *gathering[2]; /* in the arena: of bodies that rules waited for (http_buffer.h), or NULL */
	struct persist_txn *persist;    /* in the arena: what concerns the backend's cookie; NULL: it has none, or not yet */
	uint32_t preamble_len;          /* of the PROXY header that stands before the request in what is kept of it */
	/* The tables, where maxhdr is not above the usual; else they are in the arena. */
	struct http_field req_fields[HTTP_FIELDS_MAX + HTTP_FIELDS_OWN], res_fields[HTTP_FIELDS_MAX + HTTP_FIELDS_OWN];
};

/* Nobody takes what the client still sends; requests behind it are lost with it. In tcp mode too. */
static inline void stream_drop_request(struct stream *s)
{
	pump_release(&s->req);
	s->req.ended = true;
	if (s->http)
		s->http->client_close = true;
}

/* Frees s->http. */
void http_end(struct stream *s);

/* Looks for a whole head at the start of the bytes and parses it. *tried is 0 at first and remembers what was looked at. */
enum http_look { HTTP_HEAD_PART, HTTP_HEAD_WHOLE, HTTP_HEAD_WRONG };
enum http_look http_look_for_head(struct slice bytes, bool response, struct http_head *h, uint32_t *len, size_t *tried,
	struct http1_fault *fault);

/* Whether the client's connection can carry another request behind this exchange. */
bool http_may_keep(const struct stream *s);
/* Whether the client may be sending what nobody will read, behind an answer it has not read yet. */
bool http_must_linger(const struct stream *s);
/* Whether the client got a part of an answer that only the connection's end ends. */
bool http_is_cut_short(const struct stream *s);
/* Whether the link has nothing left of this exchange on it. */
bool http_link_is_clean(const struct stream *s);

#endif
