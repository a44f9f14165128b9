// One ssh session: a script is handed over, and what it says comes back.
//
// The script leaves only after the shell at the other end has said that it is ready. So a session
// that never came about is proved to have executed nothing, whatever ssh says of it.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "interpreter/base/ssh_connections.h"

namespace perilune {

// What becomes of a session whose call is asked to stop, once the script has left.
enum class OnStop { tell_script, leave };

struct SshScript {
    std::string text;    // May hold opened secrets: it is on no command line and on no disk.
    double until_s = 0;  // Boot clock: when the session is given up.
    std::size_t answer_max = 1 << 20;  // Bytes of what it says.
    OnStop on_stop = OnStop::leave;
    std::function<void(std::string_view)> said = {};  // Pieces of a program's output as they come.
};

struct SshAnswer {
    // Words that the script said, the last of each name; those named …64 are decoded.
    std::map<std::string, std::string, std::less<>> words;
    // Why there is no answer: `retry` is `safe` where nothing was executed, `unknown` where the
    // session was lost after the script had left, code `session_lost`.
    Error error;
    bool ok = false;

    const std::string& operator[](std::string_view name) const;
    bool has(std::string_view name) const { return words.contains(name); }
};

// What a session needs of a loop and a host.
struct SshLine {
    Loop& loop;
    SshHost host;
    std::shared_ptr<SshConnections> connections = nullptr;  // Null: each session makes its own.
};

// Ends with the script's last word ("done"), or with why there is none. A stop ends
// the session, unless the script is to hear of it.
Awaitable<SshAnswer> talk(const SshLine& line, SshScript script, Call& call);

// The command that ssh is given. It holds nothing of a run: it says that it is ready and then reads
// the script, whole, from its standard input. `nonce` marks every line that it says.
std::string ssh_bootstrap(const std::string& nonce);

// How a script says something, refuses and waits; `$nonce` is set before.
extern const char* const ssh_talk_functions;

}  // namespace perilune
