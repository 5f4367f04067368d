/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine/message: the main lcore asks, a worker answers. A message is a function to be
 * called on the worker between two turns; the asker waits. One asker at a time.
 */
#ifndef SPATE_ENGINE_MESSAGE_H
#define SPATE_ENGINE_MESSAGE_H

#include "engine/engine.h"

/* Run what was asked of this worker; true if anything was. */
bool engine_serve_calls(struct engine_worker *w, uint64_t now_ns);

#endif
