// A host that is reached over the stock ssh program: what the environment says of it, and the
// command line that opens a session there.
#pragma once

#include <string>
#include <vector>

#include "interpreter/base/child.h"

namespace perilune {

// The settings that every driver over ssh takes.
namespace ssh_settings {

inline constexpr Setting identity = {
    .name = "identity",
    .doc =
        "The private key: a file's path, or a secret that is the key itself, which is then on "
        "no disk. It has no passphrase, for nobody is there to be asked. Left out: ssh's "
        "configuration and agent.",
    .need = Need::optional,
    .may_be_secret = true};
inline constexpr Setting known_hosts = {
    .name = "known_hosts",
    .doc =
        "The file with the host's key. Left out: ssh's own files. A host that is not in them is "
        "never trusted.",
    .need = Need::optional};
inline constexpr Setting jump = {
    .name = "jump",
    .doc =
        "`[user@]host[:port]` through which the host is reached; its key is checked as the "
        "host's is.",
    .need = Need::optional};
inline constexpr Setting config = {.name = "config",
                                   .doc = "A configuration file of ssh, in place of the user's.",
                                   .need = Need::optional};
inline constexpr Setting connect_within = {.name = "connect_within",
                                           .type = Type::duration,
                                           .doc = "How long to wait for a connection and its keys.",
                                           .need = Need::optional,
                                           .fallback = "10s"};

}  // namespace ssh_settings

struct SshHost {
    std::string host;
    std::string user;         // Empty: what ssh's own configuration says.
    int port = 0;             // 0: what ssh's own configuration says.
    Value identity;           // Nil, the path of a private key, or a secret that is the key itself.
    std::string known_hosts;  // A file's path; empty: ssh's own files.
    std::string jump;         // "[user@]host[:port]" or empty.
    std::string config;       // A file's path; empty: ssh's own files.
    double connect_within_s = 10;

    // "deploy@web-1.example.org:2222", for messages.
    std::string show() const;
};

// Reads the settings host, user, port, identity, known_hosts, jump, config and connect_within.
Result<SshHost> read_ssh_host(const Settings& given);

// From the start of ssh to the ready shell, besides connecting: keys, and the login's own start.
constexpr double ssh_login_within_s = 20;

// What ssh is told of a host: options, user and port; a key that is a secret is not among them.
std::vector<std::string> ssh_words(const SshHost& host);

// The ssh program as a child whose standard input is `input`. A key that is a secret reaches it as
// a file in memory. The session has no terminal and asks nothing; the host's key is always checked.
// It goes over the connection that is shared at `socket`, or makes its own where that is empty.
Result<Program> ssh_program(const SshHost& host, const std::string& remote_command, int input,
                            const Call& call, const std::string& socket = "");

// The ssh program that makes a connection to be shared at `socket`, and ends with 0 when it stands.
// It ends itself `persist_s` after its last session. Where ssh's configuration says how
// connections are shared, that stands: nothing is made, and it prints ssh_shares_itself.
Result<Program> ssh_sharing_program(const SshHost& host, const std::string& socket, int persist_s,
                                    const Call& call);
extern const char* const ssh_shares_itself;

// Why no session came about, from what ssh printed: `unknown_host_key`, `host_key_changed`,
// `permission_denied`, `name_not_found`, `refused`, `timed_out`, `not_installed` or `unreachable`.
// Nothing was executed there: `retry` is `safe`.
Error ssh_refusal(const SshHost& host, const Ended& ended);
// Whether trying again cannot mend such an error and only tires the host: keys, names, programs.
bool is_for_a_person(const Error& refusal);

}  // namespace perilune
