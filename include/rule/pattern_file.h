/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of patterns: a pattern a line, or a pattern and its value. Blanks before the first word are
 * passed over, and so are empty lines and lines that begin with '#'. Start-up only.
 */
#ifndef USHER_RULE_PATTERN_FILE_H
#define USHER_RULE_PATTERN_FILE_H

#include "rule/pattern_version.h"

/* Adds what the file says to a version that nothing looks at yet. With two columns the value is what stands behind the
 * blanks that end the first word, without trailing blanks, and a line without one has an empty value. False with the
 * reason, the file's name and the line in err. */
bool pattern_file_read(const char *path, bool two_columns, struct pattern_version *v, struct strbuf *err);
/* The same with the file's text at hand. */
bool pattern_file_parse(const char *path, struct slice text, bool two_columns, struct pattern_version *v,
	struct strbuf *err);

#endif
