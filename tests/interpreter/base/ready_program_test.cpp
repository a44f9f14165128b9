// Programs that wait for a word: nothing before it, its line first, and nothing without it.
#include "interpreter/base/ready_program.h"

#include <array>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/support/temporary_folder.h"

using namespace perilune;
using namespace perilune::test;

namespace {

struct Waiting {
    TemporaryFolder folder;
    AtWord ready;
    Spawned made;
    Descriptor ours;
    Descriptor log;
    std::string problem;
    std::thread maker;

    explicit Waiting(const std::string& script) {
        std::array<int, 2> ends{};
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
        ours = Descriptor(ends[0]);
        ready.word = Descriptor(ends[1]);
        log = Descriptor(
            ::open(folder.path("log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        ready.log = log.get();
        ready.line = "it starts\n";
        ready.deadline_s = boot_now_s() + 30;
        ready.program.folder = folder.path();
        ready.program.argv = {"/bin/sh", "-c", script};
        ready.program.environment = {"PATH=/usr/bin:/bin"};
    }
    ~Waiting() {
        ours.close();
        join();
    }

    void start() {
        maker = std::thread([this] { problem = start_at_word(ready, made); });
    }
    void say() { CHECK(::send(ours.get(), "s", 1, MSG_NOSIGNAL) == 1); }
    void join() {
        if (maker.joinable()) maker.join();
    }
    // What it said on its standard output, once it has ended.
    std::string output() {
        CHECK(::waitpid(made.pid, nullptr, 0) == made.pid);
        std::array<char, 4096> bytes{};
        const auto count = ::read(made.output.get(), bytes.data(), bytes.size());
        return std::string(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
};

}  // namespace

TEST_CASE("nothing_is_executed_or_written_down_before_the_word") {
    Waiting waiting("touch began; cat log");
    waiting.start();
    ::usleep(100000);
    CHECK_FALSE(std::filesystem::exists(waiting.folder.path("began")));
    CHECK(waiting.folder.read("log").empty());
    const double said_at_s = boot_now_s();
    waiting.say();
    waiting.join();
    CHECK(waiting.problem == "");
    // What the program reads there was written before it began.
    CHECK(waiting.output() == "it starts\n");
    CHECK(std::filesystem::exists(waiting.folder.path("began")));
    CHECK(waiting.made.begun.boot_s >= said_at_s);
}

TEST_CASE("without_a_word_it_ends_and_has_executed_and_written_nothing") {
    Waiting waiting("touch began");
    waiting.start();
    ::usleep(20000);
    waiting.ours.close();
    waiting.join();
    CHECK(waiting.problem.find("no word to start it came") != std::string::npos);
    CHECK(waiting.made.begun.boot_s == 0);
    CHECK(waiting.folder.read("log").empty());
    CHECK_FALSE(std::filesystem::exists(waiting.folder.path("began")));
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("it_ends_with_its_maker_where_the_word_has_not_come") {
    Waiting waiting("touch began");
    const Descriptor lock(
        ::open(waiting.folder.path("lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    struct flock whole {};
    whole.l_type = F_WRLCK;
    const pid_t maker = ::fork();
    REQUIRE(maker >= 0);
    if (maker == 0) {
        const int held = ::open(waiting.folder.path("lock").c_str(), O_RDWR | O_CLOEXEC);
        ::fcntl(held, F_OFD_SETLK, &whole);
        waiting.ready.program.inherited_fd = held;
        start_at_word(waiting.ready, waiting.made);
        ::_exit(0);
    }
    const auto is_held = [&] {
        struct flock asked = whole;
        return ::fcntl(lock.get(), F_OFD_GETLK, &asked) == 0 && asked.l_type != F_UNLCK;
    };
    while (!is_held()) ::usleep(1000);
    ::usleep(20000);
    ::kill(maker, SIGKILL);
    ::waitpid(maker, nullptr, 0);
    const double until_s = boot_now_s() + 10;
    while (is_held() && boot_now_s() < until_s) ::usleep(1000);
    CHECK_FALSE(is_held());
    CHECK_FALSE(std::filesystem::exists(waiting.folder.path("began")));
}

TEST_CASE("it_has_no_descriptors_but_its_own_and_signals_as_if_nobody_had_touched_them") {
    // Without any other program: the shell would have descriptors and block signals for it.
    Waiting waiting(
        "for n in 0 1 2 3 4 5 6 7 50; do [ -e /proc/$$/fd/$n ] && printf '%s ' $n; done; "
        "while read -r name value; do case $name in SigBlk:|SigIgn:) echo $name $value;; esac; "
        "done < /proc/$$/status");
    const Descriptor inheritable(::dup2(waiting.log.get(), 50));
    const auto before = std::signal(SIGTERM, SIG_IGN);
    waiting.ready.program.inherited_fd = waiting.log.get();
    waiting.start();
    waiting.say();
    waiting.join();
    std::signal(SIGTERM, before);
    CHECK(waiting.problem == "");
    const std::string output = waiting.output();
    CHECK(output.starts_with("0 1 2 3 Sig"));
    CHECK(output.find("SigBlk: 0000000000000000") != std::string::npos);
    CHECK(output.find("SigIgn: 0000000000000000") != std::string::npos);
}

TEST_CASE("a_word_after_the_deadline_starts_nothing") {
    Waiting waiting("touch began");
    waiting.ready.deadline_s = boot_now_s() + 0.02;
    waiting.start();
    ::usleep(60000);
    waiting.say();
    waiting.join();
    CHECK(waiting.problem.find("before its deadline") != std::string::npos);
    CHECK(waiting.folder.read("log").empty());
    CHECK_FALSE(std::filesystem::exists(waiting.folder.path("began")));
}

TEST_CASE("what_cannot_be_written_down_is_not_started") {
    Waiting waiting("touch began");
    const Descriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    waiting.ready.log = full.get();
    waiting.start();
    waiting.say();
    waiting.join();
    CHECK(waiting.problem.find("writing its log, failed: No space left") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(waiting.folder.path("began")));
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("says_why_a_program_that_was_told_to_start_did_not") {
    Waiting gone("");
    gone.ready.program.argv = {"/nowhere/program"};
    gone.start();
    gone.say();
    gone.join();
    CHECK(gone.problem ==
          "Starting the program /nowhere/program failed: No such file or "
          "directory (errno 2).");
    Waiting nowhere("true");
    nowhere.ready.program.folder = "/nowhere";
    nowhere.start();
    nowhere.say();
    nowhere.join();
    CHECK(nowhere.problem.find("/bin/sh in its folder failed: No such file") != std::string::npos);
}
