/* SPDX-License-Identifier: Apache-2.0
 *
 * Flags of the process: what start-up says and minds, and kernel services that can be switched off.
 * Start-up only.
 */
#include "conf/keyword.h"
#include "proxy/global.h"

#define FLAG(ident, word, field) \
	KEYWORD(ident) = { .keyword = word, .usage = word, .where = IN_GLOBAL, .type = SETTING_FLAG, \
		.offset = offsetof(struct global, field) }

FLAG(global_quiet, "quiet", quiet);
FLAG(global_zero_warning, "zero-warning", zero_warning);
FLAG(global_nosplice, "nosplice", no_splice);
FLAG(global_noreuseport, "noreuseport", no_reuseport);

KEYWORD(global_stats_timeout) = {
	.keyword = "stats timeout", .usage = "stats timeout <time>", .where = IN_GLOBAL, .type = SETTING_TIME,
	.offset = offsetof(struct global, stats_timeout_ms), .min = 1,
};
