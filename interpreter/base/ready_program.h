// A program made ready: its process is there and waits for a word before it executes the program.
//
// Whoever holds the other end of the socket `word` starts the program by sending a byte. Where it
// closes that end instead, and where it dies, the process ends and has executed nothing; so it does
// where the process that made it dies first.
#pragma once

#include "interpreter/base/child.h"
#include "interpreter/base/files.h"
#include "interpreter/base/spawn.h"

namespace perilune {

// A program to be made ready, with what spawn_program would give it.
struct AtWord {
    Program program;
    Descriptor word;
    double deadline_s = 0;  // On the boot clock: it is not started later.
    // Written to `log` between the word and the start, by the waiting process itself: nothing is
    // claimed before the word, and nothing is started that is not written down.
    int log = -1;
    std::string line;
};

// Makes the process and blocks until it has executed its program or will never do so; for use off
// the loop. Returns nothing, or a sentence that says why it was not started.
std::string start_at_word(AtWord& ready, Spawned& made);

// Awaits the end of a program that was started.
Awaitable<Ended> finish_program(Loop& loop, Program program, Spawned started,
                                std::shared_ptr<Cancel> cancel, double deadline_s);

}  // namespace perilune
