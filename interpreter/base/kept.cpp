#include "interpreter/base/kept.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "interpreter/base/json.h"

namespace perilune {

namespace {

constexpr std::array<std::string_view, 4> state_names = {"starting", "running", "ended", "refused"};

Value to_list(const std::vector<std::string>& texts) { return List(texts.begin(), texts.end()); }

std::vector<std::string> to_texts(const Value& list) {
    std::vector<std::string> texts;
    for (const auto& entry : list.list()) texts.push_back(entry.text());
    return texts;
}

// Of /proc/PID/stat, what tells one process from another of the same number.
struct ProcessStat {
    char state = '?';
    pid_t session = 0;
    std::uint64_t ticks = 0;
};

std::optional<ProcessStat> read_stat(pid_t pid) {
    const auto text = read_file("/proc/" + std::to_string(pid) + "/stat", 1 << 16);
    // The name may hold spaces and brackets; what follows the last bracket is only fields.
    const auto bracket = text ? text->rfind(')') : std::string::npos;
    if (bracket == std::string::npos) return std::nullopt;
    ProcessStat found;
    std::string_view rest = std::string_view(*text).substr(bracket + 1);
    for (int field = 3; field <= 22 && !rest.empty(); ++field) {
        rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
        const auto word = rest.substr(0, rest.find(' '));
        rest.remove_prefix(word.size());
        const char* const last = word.data() + word.size();
        if (field == 3 && !word.empty()) found.state = word[0];
        if (field == 6) std::from_chars(word.data(), last, found.session);
        if (field == 22) std::from_chars(word.data(), last, found.ticks);
    }
    return found;
}

// A pidfd of the process, if it is still the one that started at `ticks` in this boot.
Descriptor open_process(const KeptStatus& status, pid_t pid, std::uint64_t ticks) {
    if (pid <= 0 || status.boot != boot_id()) return Descriptor();
    Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (process.open() && start_ticks(pid) != ticks) process.close();
    return process;
}

struct flock whole_file(short type) {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

}  // namespace

Value KeptProgram::to_value() const {
    Value value;
    value.set("label", label).set("argv", to_list(argv)).set("environment", to_list(environment));
    value.set("folder", folder).set("input", input).set("deadline_s", deadline_s);
    value.set("grace_s", grace_s).set("output_max", static_cast<std::uint64_t>(output_max));
    value.set("log_max", static_cast<std::uint64_t>(log_max));
    value.set("ends_with_keeper", ends_with_keeper).set("note", note);
    return value;
}

KeptProgram KeptProgram::from_value(const Value& read) {
    KeptProgram made;
    made.label = read["label"].text();
    made.argv = to_texts(read["argv"]);
    made.environment = to_texts(read["environment"]);
    made.folder = read["folder"].text();
    made.input = read["input"].text();
    made.deadline_s = read["deadline_s"].number();
    made.grace_s = read["grace_s"].number();
    made.output_max = static_cast<std::size_t>(read["output_max"].integer());
    made.log_max = static_cast<std::size_t>(read["log_max"].integer());
    made.ends_with_keeper = read["ends_with_keeper"].boolean();
    made.note = read["note"];
    return made;
}

Result<Descriptor> lock_kept(const std::string& folder) {
    if (::access(folder.c_str(), F_OK) != 0) {
        if (const auto made = make_folders(folder, 0700); !made) return made.error();
        // A folder that a power cut could take back would say that nothing was ever started.
        const auto above = std::filesystem::path(folder).parent_path().string();
        if (const auto synced = sync_folder(above); !synced) return synced.error();
    }
    const std::string path = folder + "/lock";
    Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    struct flock lock = whole_file(F_WRLCK);
    if (!file.open())
        return fail("file_failed", "Opening the lock " + path + ": " + std::strerror(errno) + ".");
    if (::fcntl(file.get(), F_OFD_SETLK, &lock) != 0)
        return fail("still_running",
                    "The lock " + path + " is held: the program it stands for still runs.");
    return file;
}

bool kept_is_held(const std::string& folder) {
    const Descriptor file(::open((folder + "/lock").c_str(), O_RDWR | O_CLOEXEC));
    struct flock lock = whole_file(F_WRLCK);
    return file.open() && ::fcntl(file.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

Result<std::optional<KeptStatus>> read_kept_status(const std::string& folder) {
    const std::string path = folder + "/status.json";
    if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::optional<KeptStatus>();
    const auto text = read_file(path);
    if (!text) return text.error();
    const auto value = from_canonical_json(*text);
    if (!value)
        return fail("file_failed",
                    "The status file " + path + " is damaged: " + value.error().message);
    return std::optional<KeptStatus>(KeptStatus::from_value(*value));
}

// What is empty is left out: a status is written down, and read by people, while a program waits.
Value KeptStatus::to_value() const {
    Value value;
    const auto add = [&](std::string_view name, bool is_set, Value field) {
        if (is_set) value.set(name, std::move(field));
    };
    value.set("state", state_names[static_cast<std::size_t>(state)]);
    value.set("label", label).set("note", note).set("boot", boot).set("started_at", started_at);
    add("keeper_pid", keeper_pid > 0, keeper_pid);
    add("keeper_ticks", keeper_ticks > 0, keeper_ticks);
    add("pid", pid > 0, pid);
    add("ticks", ticks > 0, ticks);
    add("took_s", over(), took_s);
    add("exit_code", over(), exit_code);
    add("stopped", stopped, stopped);
    add("output", !output.empty(), output);
    add("errors", !errors.empty(), errors);
    add("truncated", truncated, truncated);
    add("error", !error.empty(), error);
    return value;
}

KeptStatus KeptStatus::from_value(const Value& read) {
    KeptStatus status;
    for (std::size_t i = 0; i < state_names.size(); ++i)
        if (read["state"].text() == state_names[i]) status.state = static_cast<State>(i);
    status.label = read["label"].text();
    status.note = read["note"];
    status.boot = read["boot"].text();
    status.keeper_pid = static_cast<pid_t>(read["keeper_pid"].integer());
    status.keeper_ticks = static_cast<std::uint64_t>(read["keeper_ticks"].integer());
    status.pid = static_cast<pid_t>(read["pid"].integer());
    status.ticks = static_cast<std::uint64_t>(read["ticks"].integer());
    status.started_at = read["started_at"].number();
    status.took_s = read["took_s"].number();
    status.exit_code = static_cast<int>(read["exit_code"].integer());
    status.stopped = read["stopped"].boolean();
    status.output = read["output"].text();
    status.errors = read["errors"].text();
    status.truncated = read["truncated"].boolean();
    status.error = read["error"].text();
    return status;
}

Status write_kept_status(const std::string& folder, const KeptStatus& status) {
    const std::string text = to_canonical_json(status.to_value());
    const std::string path = folder + "/status.json";
    if (status.state != KeptStatus::State::running) return write_file_durably(path, text, 0600);
    const std::string temporary = path + ".running";
    const Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file.open() ||
        ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::rename(temporary.c_str(), path.c_str()) != 0)
        return fail("file_failed", "Writing " + path + ": " + std::strerror(errno) + ".");
    return Done{};
}

bool ask_keeper_to_stop(const KeptStatus& status, double grace_s) {
    const Descriptor keeper = open_process(status, status.keeper_pid, status.keeper_ticks);
    if (!keeper.open()) return false;
    siginfo_t info{};
    info.si_signo = SIGTERM;
    info.si_code = SI_QUEUE;
    info.si_pid = ::getpid();
    info.si_uid = ::getuid();
    info.si_value.sival_int = static_cast<int>(std::min(grace_s, 1e6) * 1000);
    return ::syscall(SYS_pidfd_send_signal, keeper.get(), SIGTERM, &info, 0) == 0;
}

bool signal_kept(const KeptStatus& status, int signal) {
    const Descriptor process = open_process(status, status.pid, status.ticks);
    return process.open() && ::kill(-status.pid, signal) == 0;
}

bool kill_leftovers(const KeptStatus& status) {
    if (status.pid <= 0 || status.boot != boot_id()) return false;
    // Another leader of this number means that our session is gone and the number is used again.
    const auto leader = read_stat(status.pid);
    if (leader && leader->ticks != status.ticks) return false;
    bool any = false;
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", code)) {
        const std::string name = entry.path().filename().string();
        pid_t pid = 0;
        std::from_chars(name.data(), name.data() + name.size(), pid);
        if (pid <= 0) continue;
        const auto found = read_stat(pid);
        if (!found || found->session != status.pid || found->state == 'Z') continue;
        any = ::kill(pid, SIGKILL) == 0 || any;
    }
    return any;
}

std::string boot_id() {
    static const std::string id = [] {
        const auto text = read_file("/proc/sys/kernel/random/boot_id", 100);
        return text ? text->substr(0, text->find('\n')) : std::string();
    }();
    return id;
}

std::uint64_t start_ticks(pid_t pid) {
    const auto found = read_stat(pid);
    return found ? found->ticks : 0;
}

}  // namespace perilune
