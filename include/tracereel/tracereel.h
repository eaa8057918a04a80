/* The whole public interface: every header of this directory. Each can also be included alone. */
#ifndef TRACEREEL_TRACEREEL_H
#define TRACEREEL_TRACEREEL_H

#include "tracereel/activity.h"
#include "tracereel/contention.h"
#include "tracereel/engine_walk.h"
#include "tracereel/histogram.h"
#include "tracereel/history.h"
#include "tracereel/json.h"
#include "tracereel/locked_arena.h"
#include "tracereel/locked_log.h"
#include "tracereel/log.h"
#include "tracereel/provenance.h"
#include "tracereel/record.h"
#include "tracereel/replay.h"
#include "tracereel/scenario.h"
#include "tracereel/simulation.h"
#include "tracereel/snapshot.h"
#include "tracereel/status.h"
#include "tracereel/timing.h"
#include "tracereel/trace.h"
#include "tracereel/writer.h"

#endif
