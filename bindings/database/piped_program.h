// Programs as children, with their bytes going in and out at the pace of both.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "bindings/database/stream_watch.h"
#include "interpreter/base/files.h"

namespace perilune {

// The name by which a program reads what it is fed.
constexpr const char* fed_file = "/dev/fd/3";

// What else a program may be given: a folder to start in, and what is on its standard input, which
// is a file in memory: who reads it may be named /dev/fd/0.
struct PipedExtras {
    std::string folder = {};
    std::string input = {};
};

// One running program. All of it blocks: for use off the loop. Destroying it ends the program.
class PipedProgram {
public:
    // `take` gets what it prints on standard output; an error of it ends the program.
    static Result<std::unique_ptr<PipedProgram>> start(std::vector<std::string> argv,
                                                       std::vector<std::string> environment,
                                                       TakeBytes take, StreamWatch watch,
                                                       PipedExtras extras = {});
    ~PipedProgram();
    PipedProgram(const PipedProgram&) = delete;
    PipedProgram& operator=(const PipedProgram&) = delete;

    // Gives it bytes to read, and takes what it prints meanwhile. Errors: damaged_stream where it
    // ended before it had read them all, with what it said.
    Status feed(std::string_view bytes);
    // Takes the rest of what it prints, and waits for its end. Errors: program_failed, with the
    // last lines it said.
    Status finish();

private:
    PipedProgram(std::string name, TakeBytes take, StreamWatch watch);

    // Waits until there is room for bytes, or output; takes the output.
    Result<bool> turn(bool wants_room);
    Status take_output();
    Status reap();
    std::string last_words() const;

    std::string name_;
    TakeBytes take_;
    StreamWatch watch_;
    pid_t pid_ = -1;
    int exit_code_ = 0;
    Descriptor input_;
    Descriptor output_;
    Descriptor errors_;
    std::string buffer_;  // Its own: one program's output may be fed to another meanwhile.
    std::string said_;    // The newest of its standard error.
};

}  // namespace perilune
