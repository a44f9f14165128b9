// The ssh connections that a run's sessions share: one for each way to a host, so that fifty
// commands cost one handshake.
//
// OpenSSH shares them itself (ssh_config(5), ControlMaster): a process of its own holds the
// connection, and sessions reach it by a socket in a folder that only this user may enter. It ends
// ssh_persist_s after its last session. A keeper of the folder, which hears of this process's end
// however that comes, ends the connections and removes the folder.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "interpreter/base/files.h"
#include "interpreter/base/ssh_host.h"

namespace perilune {

constexpr int ssh_persist_s = 10;

// What a session is told when it asks for a connection.
struct SshJoined {
    std::string way;     // Names the connection to who gives it up.
    std::string socket;  // Empty: the session opens a connection of its own.
    bool refused = false;
    Error error = {};  // Where refused: the host was tried, and a session would hear the same.
};

class SshConnections {
public:
    // Those of everything that uses this loop; they end with the last who holds them.
    static std::shared_ptr<SshConnections> of(Loop& loop);

    explicit SshConnections(Loop& loop) : loop_(loop) {}
    ~SshConnections();
    SshConnections(const SshConnections&) = delete;
    SshConnections& operator=(const SshConnections&) = delete;

    // The connection to this host, made first where there is none. It is shared by who is told the
    // same of user, port, key, jump host and every other setting, and by nobody else.
    Awaitable<SshJoined> join(SshHost host, Call& call, double until_s);

    // No further session is to use it: one that did came to nothing.
    void give_up(const SshJoined& joined);

private:
    struct Connection {
        std::string socket;
        bool opening = false;
        int refusals = 0;  // Of how many openings so far.
        Error refusal;     // The last one's.
        int failures = 0;  // Sharing itself did not work.
        bool never = false;
    };

    Awaitable<SshJoined> open(Connection& connection, SshJoined joined, SshHost host, Call& call,
                              double until_s);
    bool make_folder();

    Loop& loop_;
    std::map<std::string, Connection> connections_;  // By what the host is told.
    std::string folder_;
    Descriptor alive_;  // The keeper reads its other end.
    int keeper_ = -1;
    int made_ = 0;
};

}  // namespace perilune
