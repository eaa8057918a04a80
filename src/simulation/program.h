/* What a trace does, as the simulation sees it: steps that wait for other steps, and then for a time. */
#ifndef TRACEREEL_PROGRAM_H
#define TRACEREEL_PROGRAM_H

#include "simulation/recording.h"

#define TR_NO_STEP UINT32_MAX

typedef enum tr_step_role {
    TR_STEP_PLAIN,   /* writes its record when its time comes */
    TR_STEP_START,   /* an attempt begins: needs a slot among the running nodes */
    TR_STEP_END,     /* an attempt ends, with or without an error */
    TR_STEP_RESUME,  /* ends a suspension: its lag is the suspension's time */
    TR_STEP_RESUMED, /* the same, after its time was asked for */
    TR_STEP_CLOSE    /* waits for all other steps */
} tr_step_role;

typedef struct tr_step {
    uint64_t record;    /* offset in the recording's spool; 0: a start that was not written */
    uint64_t number;    /* number of that record, or of the one that ended the attempt */
    uint64_t lag_ns;    /* from the last of the steps that it waits for, as recorded */
    uint32_t waits_for; /* number of steps that have not fired yet */
    uint32_t first_edge;
    uint32_t attempt;       /* the attempt that it starts or ends, or TR_NO_STEP */
    uint32_t piece_of;      /* the attempt that its lag is a piece of, or TR_NO_STEP */
    uint32_t node_id;       /* for a suspension and its resume: where the trace is suspended */
    uint32_t occurrence;    /* among steps of its kind at its node in the trace, from 0; attempts have their own */
    uint32_t previous_pass; /* of a loop's record: the step of its previous record, or TR_NO_STEP */
    uint32_t iteration;     /* of a renumbered loop record */
    uint8_t role;
    bool is_renumbered;
    bool is_suspension;
    bool is_timeout; /* a resume that came when its suspension timed out */
    bool has_fired;  /* or never will, if is_dead */
    bool is_again;   /* fires again after a crash */
    bool is_dead;    /* its branch was lost in a crash */
} tr_step;

typedef struct tr_edge {
    uint32_t step; /* the step that waits */
    uint32_t next; /* edge of the same awaited step */
} tr_edge;

/* What an attempt has of what it needs to run, in the order in which it gets it. */
typedef enum tr_slots {
    TR_SLOTS_NONE,
    TR_SLOTS_TRACE, /* one among its trace's running nodes */
    TR_SLOTS_POOL,  /* also one of its pool */
    TR_SLOTS_ALL    /* also one among all running nodes: it runs */
} tr_slots;

/* One attempt of a node. */
typedef struct tr_node_attempt {
    uint64_t recorded_ns; /* sum of its pieces */
    uint64_t simulated_ns;
    uint64_t elapsed_ns;    /* recorded pieces that have passed */
    uint64_t passed_ns;     /* what they take in the simulation */
    uint64_t contention_ns; /* of what it waited when recorded: not part of its start's lag, */
    uint64_t dispatch_ns;   /* nor is this, which passes once it has its slots, */
    bool is_dispatched;     /* and has begun to */
    uint64_t due_ns;        /* when it would begin if there were a slot; UINT64_MAX: not known yet */
    uint32_t node_id;
    uint32_t start;      /* steps */
    uint32_t end;        /* TR_NO_STEP: the log does not say how it ended */
    uint32_t number;     /* from 1, counting the scenario's retries */
    uint32_t occurrence; /* of the node's attempts in the trace, from 0 */
    uint32_t station;    /* of its pool, or TR_NO_STATION; known once `is_placed` */
    uint64_t rank;       /* in its pool's line, once `has_rank` */
    uint64_t asked_ns;   /* since when it has wanted the slot that it waits for */
    uint8_t slots;       /* a tr_slots: those that it has */
    uint8_t lines_up;    /* a tr_slots: those that it would have if it were not in a station's line; 0: it is in none */
    bool is_placed;
    bool has_rank;
    bool is_under_way;  /* it has begun, and neither ended nor been given up */
    bool is_resting;    /* it has no slot while it waits for a person or a timer */
    bool takes_no_slot; /* it is a wait of its node's own from its start on */
    bool is_error;      /* it ended with an error in the recorded log */
    bool fails;
    bool is_end_lost;    /* it has ended, and XERV would not know that after a crash */
    bool is_again;       /* during a crash: it begins anew */
    bool is_start_ahead; /* during a crash: its start is in the queue */
    bool is_queued;      /* during a crash: it waits for a slot */
    bool has_waited;     /* during a crash: its trace was suspended at it, and resumed */
    bool is_waiting;     /* during a crash: its trace is suspended at it */
} tr_node_attempt;

typedef struct tr_program {
    tr_step *steps;
    tr_edge *edges;
    tr_node_attempt *attempts;
    uint32_t step_count;
    uint32_t edge_count;
    uint32_t attempt_count;
    uint32_t step_capacity;
    uint32_t edge_capacity;
    uint32_t attempt_capacity;
} tr_program;

/* Reusable memory for making programs, one after another. */
typedef struct tr_program_maker tr_program_maker;
tr_program_maker *tr_program_maker_new(void);
void tr_program_maker_free(tr_program_maker *maker);

/* Makes the program of a chain, without the contention (NULL: with all that was recorded). Returns TR_OK (free
 * `program` with tr_program_free), or TR_ERROR_MEMORY: it is empty. */
tr_status tr_program_make(tr_program_maker *maker, const tr_recording *recording, const tr_chain *chain,
                          const tr_flow *flow, const tr_contention *contention, tr_program *program);
void tr_program_free(tr_program *program);
/* When the node of a start that was made with all that was recorded was ready: when what it waited for was over, or
 * later where the log says so (`scheduled_ns`). */
uint64_t tr_step_ready_ns(const tr_recording *recording, const tr_step *step, uint64_t start_ns);
/* Event times of the steps of the program that was made last. A start that was not written has that of what it waits
 * for. */
const uint64_t *tr_program_event_ns(const tr_program_maker *maker);
/* Makes room for one more item of `size` bytes, and returns the list, which may have moved. Returns NULL on allocation
 * failure; `items` is then unchanged. */
void *tr_program_room(void *items, uint32_t count, uint32_t *capacity, size_t size);

#endif
