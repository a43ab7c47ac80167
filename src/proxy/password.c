/* SPDX-License-Identifier: Apache-2.0
 *
 * The one place that calls crypt(3). Its scratch memory is wiped: it holds what the password becomes.
 */
#include "proxy/password.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>
#include "base/slice.h"

bool password_matches(const char *password, const char *hash)
{
	struct crypt_data *scratch = calloc(1, sizeof(*scratch));

	if (scratch == NULL)
		return false;
	const char *made = crypt_r(password, hash, scratch);
	/* What is no hash gives NULL or a text that begins with '*', which never equals it. */
	bool same = made && made[0] != '*' && slice_eq_secret(slice_of(made), slice_of(hash));
	explicit_bzero(scratch, sizeof(*scratch));
	free(scratch);
	return same;
}
