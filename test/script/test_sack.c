/* SPDX-License-Identifier: BSD-3-Clause */
#include "script.h"
static const struct row_test tests[] = {ROW_TEST("", NULL)};
SCRIPT_MAIN(tests)
