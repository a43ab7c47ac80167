/* SPDX-License-Identifier: Apache-2.0
 *
 * `option ssl-hello-chk`: a ClientHello is answered with a handshake record or an alert (RFC 5246
 * section 6.2.1): who sends either speaks TLS. The hello offers TLS 1.2 and suites any server knows.
 */
#include <stdio.h>
#include "conf/keyword.h"
#include "proxy/check.h"
#include "wire/tls_hello.h"

static const char hello[] =
	"\x16\x03\x01\x00\x57"             /* record: handshake, 87 bytes */
	"\x01\x00\x00\x53" "\x03\x03"      /* ClientHello, 83 bytes, TLS 1.2 */
	"usher asks whether you're here!!" /* random */
	"\x00"                             /* no session */
	"\x00\x0a" "\xc0\x2f\xc0\x2b\xc0\x30\x00\x9c\x00\x2f"
	"\x01\x00"                         /* no compression */
	"\x00\x20"                         /* extensions: 32 bytes */
	"\x00\x0a\x00\x06\x00\x04\x00\x1d\x00\x17"
	"\x00\x0b\x00\x02\x01\x00"
	"\x00\x0d\x00\x0c\x00\x0a\x04\x01\x04\x03\x05\x01\x08\x04\x02\x01";

static enum checkseq_look look(const struct checkseq_step *step, struct check *c, struct slice got, bool last,
	struct check_report *r)
{
	struct tls_record rec;
	int n = tls_record_head(got, &rec);

	(void)step, (void)c;
	if (got.len)
		checkseq_tell(r, SLICE("this is no TLS answer"));
	if (n < 0 || (got.len && got.ptr[0] != TLS_ALERT && got.ptr[0] != TLS_HANDSHAKE))
		return CHECKSEQ_BROKEN;
	if (n == 0)
		return last ? CHECKSEQ_BROKEN : CHECKSEQ_MORE;
	return CHECKSEQ_MATCH;
}

static bool parse(struct conf_line *l, void *owner)
{
	static const struct slice bytes = { hello, sizeof(hello) - 1 };
	struct checkseq *seq = checkseq_new();
	struct checkseq_step *step;

	(void)l;
	checkseq_add_send(seq, checkseq_compose_bytes, (void *)&bytes);
	step = checkseq_add_expect(seq, look, NULL);
	step->expect.ok = CHECK_STATUS_L6OK;
	step->expect.error = CHECK_STATUS_L6RSP;
	step->expect.timeout = CHECK_STATUS_L6TOUT;
	checkseq_use(owner, seq);
	return true;
}
KEYWORD(option_ssl_hello_chk) = { .keyword = "option ssl-hello-chk", .usage = "option ssl-hello-chk", .where = IN_BE, .parse = parse };
