/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of this folder share: `option httpchk` and the http-check rules. Start-up, and
 * checks' threads.
 */
#ifndef USHER_CHECK_HTTP_H
#define USHER_CHECK_HTTP_H

#include "proxy/check.h"

struct http_check_header {
	const char *name;      /* borrows, for ever */
	struct format *value;
};

/* A request; what is not given is the option line's, or the default. Frozen after boot. */
struct http_check_request {
	const char *method, *version;
	struct format *uri;
	struct http_check_header *headers; /* boot memory */
	size_t n;
	struct format *body;
	bool has_host, has_connection;
	const struct http_check_request *under; /* what to take the rest from; NULL: the defaults */
};

/* The words of an option line and of a send. False after conf_fail(). */
bool http_check_take_option(struct conf_line *l, struct proxy *px, struct http_check_request *q);
bool http_check_take_send(struct conf_line *l, struct proxy *px, struct checkseq_step *step, struct http_check_request *q);
/* A step that sends q, which may be NULL: all is as by default. */
struct checkseq_step *http_check_add_send(struct checkseq *seq, struct http_check_request *q);
/* The words of an expect, added to the list. False after conf_fail(). */
bool http_check_take_expect(struct conf_line *l, struct proxy *px, struct checkseq *seq);
/* What is expected where nobody says: 2xx or 3xx. */
void http_check_add_usual_expect(struct checkseq *seq);

#endif
