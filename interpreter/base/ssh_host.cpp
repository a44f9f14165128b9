#include "interpreter/base/ssh_host.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "interpreter/base/files.h"
#include "interpreter/base/shell_words.h"

namespace perilune {

namespace {

// Becomes ssh with its input from descriptor 3. Where the key is a secret, the shell stays: the
// key is its own standard input, a file in memory, which ssh opens by that name.
constexpr const char* become_ssh = R"(exec ssh "$@" <&3 3<&-)";
constexpr const char* lend_key =
    R"(chmod 600 "/proc/$$/fd/0" && (exec ssh -i "/proc/$$/fd/0" "$@" <&3 3<&-); exit $?)";
// Before that, for a connection that is to be shared: looks whether ssh's configuration shares it.
constexpr const char* ask_first =
    R"(if ssh -G "$@" 2>/dev/null </dev/null | grep -qi '^controlpath '; then echo own; exit 0; fi
set -- -N -o ControlMaster=yes -o "ControlPersist=$persist" -o "ControlPath=$socket" "$@"
unset persist socket; exec 3</dev/null
)";

// Of the host's own environment: what makes the user's configuration and agent work.
constexpr const char* kept_variables[] = {"HOME",          "USER", "LOGNAME",
                                          "SSH_AUTH_SOCK", "PATH", "KRB5CCNAME"};

// A name that ssh would take for an option or a shell for several words.
bool is_plain_name(const std::string& text) {
    return !text.starts_with('-') && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) ||
               (c != 0 &&
                std::string_view(".-_:[]@%").find(static_cast<char>(c)) != std::string_view::npos);
    });
}

// ssh fills in `%` in the paths that it is given.
std::string plain_path(const std::string& path) {
    std::string plain;
    for (const char c : path) plain += c == '%' ? "%%" : std::string(1, c);
    return plain;
}

std::string show_seconds(double seconds) {
    return std::to_string(std::max(1, static_cast<int>(std::ceil(seconds))));
}

std::vector<std::string> options_of(const SshHost& host) {
    std::vector<std::string> words;
    const auto option = [&](const std::string& text) { words.insert(words.end(), {"-o", text}); };
    if (!host.config.empty()) words.insert(words.end(), {"-F", host.config});
    for (const char* fixed :
         {"BatchMode=yes", "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "LogLevel=ERROR",
          "ConnectionAttempts=1", "ServerAliveInterval=5", "ServerAliveCountMax=3",
          "ForwardAgent=no", "ForwardX11=no", "ClearAllForwardings=yes", "PermitLocalCommand=no",
          "RemoteCommand=none", "RequestTTY=no", "VisualHostKey=no", "ForkAfterAuthentication=no",
          "StdinNull=no", "Tunnel=no"})
        option(fixed);
    option("ConnectTimeout=" + show_seconds(host.connect_within_s));
    // ssh takes several files in one setting, parted by spaces; quotes keep one path one file.
    if (!host.known_hosts.empty())
        option("UserKnownHostsFile=\"" + plain_path(host.known_hosts) + "\"");
    if (!host.identity.is_nil()) option("IdentitiesOnly=yes");
    if (host.identity.is_text())
        option("IdentityFile=\"" + plain_path(host.identity.text()) + "\"");
    return words;
}

// A session through the jump host. ssh's own -J would check the jump host's key by the user's
// configuration alone; this checks it by the same rules.
std::string proxy_command(const SshHost& host) {
    std::vector<std::string> words = options_of(host);
    words.insert(words.end(), {"-o", "ControlMaster=no", "-o", "SessionType=default"});
    std::string destination = host.jump;  // An IPv6 address stands in brackets there.
    const auto colon = destination.rfind(':');
    if (colon != std::string::npos && destination.back() != ']') {
        words.insert(words.end(), {"-p", destination.substr(colon + 1)});
        destination.resize(colon);
    }
    std::erase_if(destination, [](char c) { return c == '[' || c == ']'; });
    std::string command = "ssh";
    // The command itself is filled in, too.
    for (const auto& word : words) command += " " + plain_path(quote_word(word));
    return command + " -W '[%h]:%p' -- " + quote_word(destination);
}

struct Saying {
    const char* said;
    const char* code;
    const char* advice;
};

// What ssh prints, newest cause first where several are printed.
constexpr Saying sayings[] = {
    {"REMOTE HOST IDENTIFICATION HAS CHANGED", "host_key_changed",
     "The host shows another key than the one that is known. Find out why from who runs it; only "
     "then replace its line in the known_hosts file."},
    {"Host key verification failed", "unknown_host_key",
     "Its key is not known, and an unknown host is never trusted. Read its key with ssh-keyscan, "
     "compare the fingerprint with who runs the host, and add the line to the known_hosts file."},
    {"Permission denied", "permission_denied",
     "The host takes none of the keys that were offered. Check `user` and `identity`, or the "
     "agent, and authorized_keys there; a key with a passphrase must be in the agent."},
    {"Too many authentication failures", "permission_denied",
     "More keys were offered than the host takes. Name the right one with `identity`."},
    {"UNPROTECTED PRIVATE KEY", "permission_denied",
     "Others may read the key's file: chmod 600 it."},
    {"Could not resolve hostname", "name_not_found", "Check the setting `host`, and the DNS."},
    {"Connection refused", "refused", "Check that sshd runs there, and the setting `port`."},
    {"ssh: not found", "not_installed", "Install the package openssh-client."},
    {"timed out", "timed_out", "Check that the host is up and that its network lets ssh through."},
};

// Which command and file that is, of this host.
std::string known_hosts_advice(const SshHost& host, std::string_view code) {
    if (!code.ends_with("host_key") && code != "host_key_changed") return "";
    const std::string port = host.port == 0 ? "" : "-p " + std::to_string(host.port) + " ";
    return " (ssh-keyscan " + port + host.host + "; " +
           (host.known_hosts.empty() ? "~/.ssh/known_hosts" : host.known_hosts) + ")";
}

// A shell that does `first` and becomes ssh; the words that ssh is given are still to come.
Result<Program> start_ssh(const SshHost& host, const std::string& first, const Call& call) {
    Program program;
    const bool lent = host.identity.is_secret();
    if (lent) {
        auto opened = call.open_secret(host.identity);
        if (!opened) return opened.error();
        program.input = std::move(*opened);
        // ssh takes a key without its last line break for a damaged one.
        if (!program.input.ends_with('\n')) program.input += '\n';
    }
    program.argv = {"/bin/sh", "-c", first + (lent ? lend_key : become_ssh), "sh"};
    for (const char* name : kept_variables)
        if (const char* value = std::getenv(name))
            program.environment.push_back(std::string(name) + "=" + value);
    program.environment.push_back("LANG=C");
    return program;
}

}  // namespace

const char* const ssh_shares_itself = "own\n";

std::string SshHost::show() const {
    return (user.empty() ? "" : user + "@") + host + (port == 0 ? "" : ":" + std::to_string(port));
}

Result<SshHost> read_ssh_host(const Settings& given) {
    const Value& values = given.values;
    SshHost host;
    host.host = values["host"].text();
    host.user = values["user"].text();
    host.jump = values["jump"].text();
    host.port = static_cast<int>(values["port"].integer());
    host.identity = values["identity"];
    for (const auto& [name, text] :
         {std::pair("host", host.host), std::pair("user", host.user), std::pair("jump", host.jump)})
        if (!is_plain_name(text))
            return fail("bad_setting",
                        std::string("The setting `") + name + "` is no name: \"" + text + "\".");
    if (host.host.empty()) return fail("bad_setting", "The setting `host` is empty.");
    if (host.port < 0 || host.port > 65535)
        return fail("bad_setting", "The setting `port` must be from 1 to 65535.");
    const auto below = [&](const Value& path) {
        return path.text().empty() ? "" : path_below(given.folder, path.text());
    };
    host.known_hosts = below(values["known_hosts"]);
    host.config = below(values["config"]);
    if (host.identity.is_text()) host.identity = below(values["identity"]);
    // ssh has no way to write these in a path.
    for (const auto& path : {host.known_hosts, host.identity.text()})
        if (path.find_first_of("\"\\") != std::string::npos || path.find("${") != std::string::npos)
            return fail("bad_setting", "A path in `known_hosts` or `identity` holds \", \\ or ${.");
    if (values.has("connect_within")) host.connect_within_s = values["connect_within"].number();
    return host;
}

std::vector<std::string> ssh_words(const SshHost& host) {
    std::vector<std::string> words = options_of(host);
    const auto add = [&](std::vector<std::string> more) {
        words.insert(words.end(), more.begin(), more.end());
    };
    if (!host.jump.empty()) add({"-o", "ProxyCommand=" + proxy_command(host)});
    if (!host.user.empty()) add({"-l", host.user});
    if (host.port != 0) add({"-p", std::to_string(host.port)});
    add({"--", host.host});
    return words;
}

Result<Program> ssh_program(const SshHost& host, const std::string& remote_command, int input,
                            const Call& call, const std::string& socket) {
    auto program = start_ssh(host, "", call);
    if (!program) return program;
    std::vector<std::string>& argv = program->argv;
    argv.insert(argv.end(), {"-T", "-o", "ControlMaster=no", "-o", "SessionType=default"});
    if (!socket.empty()) argv.insert(argv.end(), {"-o", "ControlPath=" + socket});
    const auto words = ssh_words(host);
    argv.insert(argv.end(), words.begin(), words.end());
    argv.push_back(remote_command);
    program->inherited_fd = input;
    return program;
}

Result<Program> ssh_sharing_program(const SshHost& host, const std::string& socket, int persist_s,
                                    const Call& call) {
    auto program = start_ssh(host, ask_first, call);
    if (!program) return program;
    const auto words = ssh_words(host);
    program->argv.insert(program->argv.end(), words.begin(), words.end());
    program->environment.push_back("socket=" + socket);
    program->environment.push_back("persist=" + std::to_string(persist_s));
    return program;
}

Error ssh_refusal(const SshHost& host, const Ended& ended) {
    const std::string tried = "Opening an ssh session to " + host.show();
    if (!ended.started) return fail("not_started", tried + ": " + ended.error, Retry::safe);
    for (const auto& saying : sayings)
        if (ended.errors.find(saying.said) != std::string::npos)
            return fail(saying.code,
                        tried + " failed; nothing was executed there. " + saying.advice +
                            known_hosts_advice(host, saying.code) + " ssh said: " + ended.errors,
                        Retry::safe);
    if (ended.stopped)
        return fail("timed_out",
                    tried + " failed: the host did not answer in time. Nothing was executed there.",
                    Retry::safe);
    return fail("unreachable",
                tried + " failed with exit code " + std::to_string(ended.exit_code) +
                    "; nothing was executed there. ssh said: " +
                    (ended.errors.empty() ? "nothing." : ended.errors),
                Retry::safe);
}

bool is_for_a_person(const Error& refusal) {
    for (const char* code : {"unknown_host_key", "host_key_changed", "permission_denied",
                             "name_not_found", "not_installed", "not_started", "folder_failed"})
        if (refusal.code == code) return true;
    return false;
}

}  // namespace perilune
