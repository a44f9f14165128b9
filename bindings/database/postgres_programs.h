// PostgreSQL's own programs as children, with their bytes going in and out at the pace of both.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "bindings/database/backup_stream.h"
#include "bindings/database/postgres_address.h"
#include "interpreter/base/files.h"

namespace perilune {

// The path of a program: in `folder`, or where it is empty the newest version that is installed.
// Errors: no_program.
Result<std::string> find_postgres_program(const std::string& folder, const std::string& name);

// What a program is given to log in to the database of an address by itself: variables, for an
// argument could be read by everybody on this machine.
std::vector<std::string> login_of(const PostgresAddress& address, const PostgresEndpoint& endpoint);

// The name by which a program reads what it is fed.
constexpr const char* fed_file = "/dev/fd/3";

// One running program. All of it blocks: for use off the loop. Destroying it ends the program.
class PostgresProgram {
public:
    // Takes what it prints on standard output; an error ends it.
    using TakeOutput = TakeBytes;

    static Result<std::unique_ptr<PostgresProgram>> start(std::vector<std::string> argv,
                                                          std::vector<std::string> environment,
                                                          TakeOutput take, StreamWatch watch,
                                                          std::string folder = {});
    ~PostgresProgram();
    PostgresProgram(const PostgresProgram&) = delete;
    PostgresProgram& operator=(const PostgresProgram&) = delete;

    // Gives it bytes to read, and takes what it prints meanwhile. Errors: damaged_stream where it
    // ended before it had read them all, with what it said.
    Status feed(std::string_view bytes);
    // Takes the rest of what it prints, and waits for its end. Errors: program_failed, with the
    // last lines it said.
    Status finish();

private:
    PostgresProgram(std::string name, TakeOutput take, StreamWatch watch);

    // Waits until there is room for bytes, or output; takes the output.
    Result<bool> turn(bool wants_room);
    Status take_output();
    Status reap();
    std::string last_words() const;

    std::string name_;
    TakeOutput take_;
    StreamWatch watch_;
    pid_t pid_ = -1;
    int exit_code_ = 0;
    Descriptor input_;
    Descriptor output_;
    Descriptor errors_;
    std::string said_;  // The newest of its standard error.
};

}  // namespace perilune
