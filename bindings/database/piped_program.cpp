#include "bindings/database/piped_program.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interpreter/base/loop.h"
#include "interpreter/base/spawn.h"

namespace perilune {

namespace {

namespace fs = std::filesystem;

constexpr int look_every_ms = 100;
constexpr double stops_within_s = 5;
constexpr std::size_t said_max = 4096;
constexpr std::size_t piece_bytes = 1 << 18;

}  // namespace

PipedProgram::PipedProgram(std::string name, TakeBytes take, StreamWatch watch)
    : name_(std::move(name)),
      take_(std::move(take)),
      watch_(std::move(watch)),
      buffer_(piece_bytes, 0) {}

Result<std::unique_ptr<PipedProgram>> PipedProgram::start(std::vector<std::string> argv,
                                                          std::vector<std::string> environment,
                                                          TakeBytes take, StreamWatch watch,
                                                          PipedExtras extras) {
    // A program that ends early would end the host with what is still written to it.
    std::signal(SIGPIPE, SIG_IGN);
    std::unique_ptr<PipedProgram> made(
        new PipedProgram(fs::path(argv[0]).filename().string(), std::move(take), std::move(watch)));
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return fail("file_failed", std::string("Making a pipe: ") + std::strerror(errno) + ".");
    const Descriptor theirs(ends[0]);
    made->input_ = Descriptor(ends[1]);
    ::fcntl(made->input_.get(), F_SETFL, O_NONBLOCK);
    Program program;
    program.argv = std::move(argv);
    program.environment = std::move(environment);
    program.folder = std::move(extras.folder);
    program.input = std::move(extras.input);
    program.inherited_fd = theirs.get();
    Spawned spawned;
    const std::string error = spawn_program(program, spawned);
    if (!error.empty()) return fail("program_failed", error);
    made->pid_ = spawned.pid;
    made->output_ = std::move(spawned.output);
    made->errors_ = std::move(spawned.errors);
    return made;
}

PipedProgram::~PipedProgram() {
    input_.close();
    if (pid_ <= 0) return;
    // It tells the server to stop, too.
    ::kill(-pid_, SIGTERM);
    const double until_s = boot_now_s() + stops_within_s;
    while (::waitpid(pid_, nullptr, WNOHANG) == 0) {
        if (boot_now_s() > until_s) ::kill(-pid_, SIGKILL);
        ::poll(nullptr, 0, 10);
    }
}

std::string PipedProgram::last_words() const {
    std::string words = said_.substr(said_.size() - std::min(said_.size(), said_max));
    while (!words.empty() && words.back() == '\n') words.pop_back();
    return words.empty() ? "it said nothing" : words;
}

Status PipedProgram::take_output() {
    for (Descriptor* from : {&output_, &errors_}) {
        while (from->open()) {
            const auto got = ::read(from->get(), buffer_.data(), buffer_.size());
            if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
            if (got <= 0) {
                from->close();
                break;
            }
            const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
            if (from == &output_) {
                if (const auto taken = take_(bytes); !taken) return taken;
            } else {
                said_ += bytes;
                if (said_.size() > 4 * said_max) said_.erase(0, said_.size() - said_max);
            }
        }
    }
    return Done{};
}

Result<bool> PipedProgram::turn(bool wants_room) {
    if (const auto stopped = watch_.stopped()) return *stopped;
    std::array<pollfd, 3> waited = {{{output_.get(), POLLIN, 0},
                                     {errors_.get(), POLLIN, 0},
                                     {wants_room ? input_.get() : -1, POLLOUT, 0}}};
    ::poll(waited.data(), waited.size(), look_every_ms);
    if (const auto taken = take_output(); !taken) return taken.error();
    return waited[2].revents != 0;
}

Status PipedProgram::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto room = turn(true);
        if (!room) return room.error();
        if (!*room) continue;
        const auto written = ::write(input_.get(), bytes.data(), bytes.size());
        if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
        if (written >= 0 || errno == EAGAIN || errno == EINTR) continue;
        // It went away: what it says on its way says why.
        const auto ended = finish();
        return fail("damaged_stream", name_ + " ended before it had read all: " +
                                          (ended ? last_words() : ended.error().message));
    }
    return Done{};
}

Status PipedProgram::finish() {
    input_.close();
    while (output_.open() || errors_.open()) {
        const auto turned = turn(false);
        if (!turned) return turned.error();
    }
    if (const auto reaped = reap(); !reaped) return reaped;
    if (exit_code_ == 0) return Done{};
    return fail("program_failed",
                name_ + " failed with " + std::to_string(exit_code_) + ": " + last_words());
}

Status PipedProgram::reap() {
    int status = 0;
    while (pid_ > 0 && ::waitpid(pid_, &status, WNOHANG) == 0) {
        if (const auto stopped = watch_.stopped()) return *stopped;
        ::poll(nullptr, 0, 5);
    }
    if (pid_ > 0) exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    pid_ = -1;
    return Done{};
}

}  // namespace perilune
