#include "interpreter/base/ssh_signature.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interpreter/base/digest.h"
#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "interpreter/base/spawn.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double verify_limit_s = 10;
constexpr double sign_limit_s = 120;  // A person types a passphrase, or touches a key.
constexpr double agent_limit_s = 5;

// A folder that only we read, gone with what is in it.
class PrivateFolder {
public:
    PrivateFolder() {
        const char* base = std::getenv("TMPDIR");
        path_ = std::string(base && *base ? base : "/tmp") + "/perilune-ssh-XXXXXX";
        made_ = ::mkdtemp(path_.data()) != nullptr;
    }
    ~PrivateFolder() {
        std::error_code ignored;
        if (made_) std::filesystem::remove_all(path_, ignored);
    }
    PrivateFolder(const PrivateFolder&) = delete;
    PrivateFolder& operator=(const PrivateFolder&) = delete;

    Result<std::string> add(const std::string& name, const std::string& text) const {
        if (!made_)
            return fail("state_failed", "No folder could be made below " +
                                            std::filesystem::path(path_).parent_path().string() +
                                            ": " + std::strerror(errno) + ". Set TMPDIR.");
        const std::string file = path_ + "/" + name;
        if (const auto written = write_file_durably(file, text, 0600); !written)
            return written.error();
        return file;
    }

private:
    std::string path_;
    bool made_ = false;
};

std::string read_from_start(const Descriptor& file) {
    std::string text;
    std::array<char, 4096> bytes{};
    ::lseek(file.get(), 0, SEEK_SET);
    for (ssize_t got = 0; (got = ::read(file.get(), bytes.data(), bytes.size())) > 0;)
        text.append(bytes.data(), static_cast<std::size_t>(got));
    return text;
}

// Waits for its end; kills it where that does not come in time.
Result<int> await_end(pid_t pid, const std::string& name, double limit_s) {
    const Descriptor end(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    pollfd wait{.fd = end.get(), .events = POLLIN, .revents = 0};
    const int ready = end.open() ? ::poll(&wait, 1, static_cast<int>(limit_s * 1000)) : 1;
    if (ready == 0) ::kill(pid, SIGKILL);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (ready == 0)
        return fail("timeout", name + " did not end within " + show_duration(limit_s) +
                                   "; it was ended. Try it by hand.");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string last_line(std::string text) {
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    const auto at = text.find_last_of("\r\n");
    return at == std::string::npos ? text : text.substr(at + 1);
}

}  // namespace

Result<ToolEnd> run_ssh_tool(std::vector<std::string> argv, const std::string& input,
                             double limit_s) {
    const Descriptor in = input_descriptor(input);
    const Descriptor out(::memfd_create("output", MFD_CLOEXEC));
    const Descriptor errors(::memfd_create("errors", MFD_CLOEXEC));
    if (!in.open() || !out.open() || !errors.open())
        return fail("state_failed", argv[0] + " could not be started: " + std::strerror(errno));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, errors.get(), STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    const auto arguments = pointers(argv);
    pid_t pid = -1;
    const int failed =
        ::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0)
        return fail("not_found", argv[0] + " could not be executed: " + std::strerror(failed) +
                                     ". Install OpenSSH's client programs.");
    const auto ended = await_end(pid, argv[0], limit_s);
    if (!ended) return ended.error();
    return ToolEnd{
        .exit_code = *ended, .output = read_from_start(out), .errors = read_from_start(errors)};
}

Result<std::string> sign_by_ssh(const std::string& key_file, const std::string& text,
                                Asking asking) {
    std::vector<std::string> argv = {
        "ssh-keygen", "-q", "-Y", "sign", "-n", std::string(ssh_namespace), "-f", key_file};
    // A program that would ask gets "no" for an answer, instead of a terminal.
    if (asking == Asking::refused)
        argv.insert(argv.begin(), {"env", "SSH_ASKPASS=/bin/false", "SSH_ASKPASS_REQUIRE=force"});
    const auto ended = run_ssh_tool(std::move(argv), text, sign_limit_s);
    if (!ended) return ended.error();
    if (ended->exit_code == 0 && ended->output.starts_with("-----BEGIN SSH SIGNATURE-----"))
        return ended->output;
    std::string why = last_line(ended->errors);
    if (why.empty()) why = "exit code " + std::to_string(ended->exit_code);
    return fail("not_signed", "ssh-keygen did not sign by " + key_file + ": " + why +
                                  ". A key with a passphrase is given to ssh-agent first "
                                  "(ssh-add FILE), or typed at a terminal.");
}

Result<std::string> sign_by_agent(const std::string& public_line, const std::string& text) {
    const PrivateFolder folder;
    const auto file = folder.add("key.pub", public_line);
    return file ? sign_by_ssh(*file, text, Asking::refused) : file;
}

Status verify_by_ssh(const std::string& allowed_signers, const std::string& identity,
                     const std::string& text, const std::string& signature, double at_s) {
    const PrivateFolder folder;
    const auto signers = folder.add("allowed_signers", allowed_signers);
    if (!signers) return signers.error();
    const auto armoured = folder.add("signature", signature);
    if (!armoured) return armoured.error();
    const auto ended = run_ssh_tool(
        {"ssh-keygen", "-Y", "verify", "-f", *signers, "-I", identity, "-n",
         std::string(ssh_namespace), "-s", *armoured, "-O", "verify-time=" + ssh_time(at_s)},
        text, verify_limit_s);
    if (!ended) return ended.error();
    if (ended->exit_code == 0) return Done{};
    const std::string why = last_line(ended->errors.empty() ? ended->output : ended->errors);
    return fail("bad_signature", "it is no signature of " + identity + "'s over this text (" +
                                     (why.empty() ? "ssh-keygen says no more" : why) + ")");
}

std::string ssh_fingerprint(std::string_view bytes) {
    std::string digest = to_base64(sha256(bytes));
    while (digest.ends_with('=')) digest.pop_back();
    return "SHA256:" + digest;
}

// PROTOCOL.sshsig: "SSHSIG", a version of four bytes, then the public key with its length before
// it.
std::string ssh_signature_key(const std::string& signature) {
    constexpr std::string_view begin = "-----BEGIN SSH SIGNATURE-----";
    constexpr std::string_view end = "-----END SSH SIGNATURE-----";
    const auto to = signature.find(end);
    if (!signature.starts_with(begin) || to == std::string::npos) return {};
    std::string middle = signature.substr(begin.size(), to - begin.size());
    std::erase_if(middle, [](char c) { return c == '\n' || c == '\r'; });
    const auto bytes = from_base64(middle);
    constexpr std::size_t at_length = 10;
    if (!bytes || !bytes->starts_with("SSHSIG") || bytes->size() < at_length + 4) return {};
    std::size_t length = 0;
    for (std::size_t at = at_length; at < at_length + 4; ++at)
        length = length << 8 | static_cast<unsigned char>((*bytes)[at]);
    if (length == 0 || length > bytes->size() - at_length - 4) return {};
    return ssh_fingerprint(std::string_view(*bytes).substr(at_length + 4, length));
}

std::vector<std::string> ssh_agent_keys() {
    std::vector<std::string> keys;
    const char* agent = std::getenv("SSH_AUTH_SOCK");
    if (!agent || !*agent) return keys;
    const auto ended = run_ssh_tool({"ssh-add", "-L"}, "", agent_limit_s);
    if (!ended || ended->exit_code != 0) return keys;
    std::istringstream lines(ended->output);
    for (std::string line; std::getline(lines, line);)
        if (!line.empty()) keys.push_back(line);
    return keys;
}

std::string ssh_time(double unix_s) {
    std::string text = show_time(unix_s);
    std::erase_if(text, [](char c) { return c == '-' || c == ':' || c == 'T'; });
    return text;
}

}  // namespace perilune
