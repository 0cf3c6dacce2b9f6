/*
 * What every peer program has in common: its command line, the work, its verification and measurement, and the report. A peer adds
 * the code that a user of its library would write. For C, C++ and Swift.
 */
#ifndef KIT_H
#define KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kit;

struct kit_about {
    const char *peer;
    const char *version;   /* of the library that runs, not of its headers */
    const char *scenarios; /* separated by spaces: pingpong depth stream burst rate connect fanin idle */
    const char *batches;   /* for the sweep of stream, in messages, separated by spaces */
    const char *options;   /* one sentence: which options of the library were set, and why */
    bool spins;            /* whether `--wait spin` is understood */
};

typedef void (*kit_side)(struct kit *kit);

/* The whole program: runs one of the sides and prints its report. Returns the exit status. */
int kit_main(int count, char **arguments, const struct kit_about *about, kit_side server, kit_side client);

/* Ends the program: one line on standard error and exit status 1. */
void kit_fail(const char *what);

/* ---- what both sides may ask */

const char *kit_address(const struct kit *kit); /* a file name, absolute */
bool kit_spins(const struct kit *kit);          /* wait by asking again and again; else sleep */
size_t kit_size(const struct kit *kit);         /* of each message, without framing */
uint64_t kit_batch(const struct kit *kit);      /* messages between flushes in stream and burst */

/* ---- the client: does what kit_turn says and asks again, until KIT_DONE */

enum kit_turn {
    KIT_CONNECT, /* open a connection; it is usable at the next kit_turn */
    KIT_SEND,    /* produce one message with kit_fill and hand it to the library, which may keep it for now */
    KIT_FLUSH,   /* what was handed over must leave now */
    KIT_POLL,    /* take what has arrived, without waiting */
    KIT_RECEIVE, /* wait, as kit_spins says, until at least one message came */
    KIT_CLOSE,   /* close the connection */
    KIT_DONE,    /* return */
};

enum kit_turn kit_turn(struct kit *kit);

/* Writes the next message, kit_size bytes. */
void kit_fill(struct kit *kit, void *buffer);

/* For each message that arrived, at any time. */
void kit_received(struct kit *kit, const void *bytes, size_t length);

/* ---- the server */

/* Once it listens. */
void kit_ready(struct kit *kit);

enum kit_answer {
    KIT_NOTHING,
    KIT_ECHO,    /* send the same bytes back; flush when the messages at hand are done */
    KIT_CONFIRM, /* send the KIT_CONFIRMATION_BYTES of kit_confirmation, and flush */
};

enum { KIT_CONFIRMATION_BYTES = 8 };

/* For each message that arrived, in order. What to answer. */
enum kit_answer kit_served(struct kit *kit, const void *bytes, size_t length);
void kit_confirmation(struct kit *kit, void *buffer);

/* Whether the last message was served: let its answer leave, wait until the client has gone, return. Never, if kit_serves_many. */
bool kit_finished(const struct kit *kit);

/* Whether any number of clients come (connect, fanin, idle): echo what they send, until the descriptor for the stop is readable. */
bool kit_serves_many(const struct kit *kit);

/* Readable once the server shall stop. SIGTERM and SIGINT are blocked. */
int kit_stop_descriptor(const struct kit *kit);

/* In place of kit_served where many are served: `messages` were sent back. */
void kit_echoed(struct kit *kit, uint64_t messages);

#ifdef __cplusplus
}
#endif

#endif
