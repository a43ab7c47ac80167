/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of a process whose invariant broke: one line on stderr, then abort().
 * No logging, no allocation: nothing else can be trusted at that moment. Any thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include "base/assert.h"

void assert_failed(const char *what, const char *file, int line, const char *func)
{
	fprintf(stderr, "%s:%d: %s: assertion failed: %s\n", file, line, func, what);
	fflush(stderr);
	abort();
}
