/* SPDX-License-Identifier: Apache-2.0
 *
 * Global settings about what is kept of each TLS connection with clients for fetches to show. One thread: start-up only.
 */
#include "conf/keyword.h"
#include "conn/tls_capture.h"
#include "conn/tls_keylog.h"

#define ROOM_MAX 65536 /* the longest lists a ClientHello is likely to have are a hundredth of that */

static bool parse_room(struct conf_line *l, void *owner)
{
	(void)owner;
	return conf_need_int(l, "bytes of each connection", 0, ROOM_MAX, &tls_capture_room);
}
KEYWORD(capture_buffer_size) = { .keyword = "tune.ssl.capture-buffer-size", .usage = "tune.ssl.capture-buffer-size <bytes>",
	.where = IN_GLOBAL, .parse = parse_room };
KEYWORD(capture_cipherlist_size) = { .keyword = "tune.ssl.capture-cipherlist-size",
	.usage = "tune.ssl.capture-cipherlist-size <bytes>", .where = IN_GLOBAL, .parse = parse_room };

static bool parse_keylog(struct conf_line *l, void *owner)
{
	const char *word = conf_need(l, "'on' or 'off'");

	(void)owner;
	if (word == NULL)
		return false;
	if (strcmp(word, "on") != 0 && strcmp(word, "off") != 0)
		return conf_fail(l, "expected 'on' or 'off'");
	tls_keylog_on = strcmp(word, "on") == 0;
	return true;
}
KEYWORD(keylog) = { .keyword = "tune.ssl.keylog", .usage = "tune.ssl.keylog { on | off }", .where = IN_GLOBAL, .parse = parse_keylog };
