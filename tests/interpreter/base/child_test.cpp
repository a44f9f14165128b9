// Child programs: what they inherit, how they end, and that none is left behind.
#include "interpreter/base/child.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "interpreter/base/files.h"

using namespace perilune;

namespace {

Program shell(std::string script) {
    Program made;
    made.argv = {"/bin/sh", "-c", std::move(script)};
    made.environment = {"PATH=/usr/bin:/bin"};
    return made;
}

// Runs programs on a loop of its own, all at once.
std::vector<Ended> run_all(std::vector<Program> programs, double within_s = 30,
                           std::shared_ptr<Cancel> cancel = std::make_shared<Cancel>()) {
    const auto loop = Loop::make();
    std::vector<Ended> all(programs.size());
    std::size_t left = programs.size();
    for (std::size_t i = 0; i < programs.size(); ++i) {
        start_task(run_program(*loop, std::move(programs[i]), cancel, boot_now_s() + within_s),
                   [&, i](Ended ended) {
                       all[i] = std::move(ended);
                       if (--left == 0) loop->stop();
                   });
    }
    loop->run();
    return all;
}

Ended run(Program program, double within_s = 30,
          std::shared_ptr<Cancel> cancel = std::make_shared<Cancel>()) {
    std::vector<Program> one;
    one.push_back(std::move(program));
    return run_all(std::move(one), within_s, std::move(cancel)).front();
}

// An orphan's zombie may stay a moment until init reaps it; it counts as gone.
bool is_gone(int pid) {
    for (const double until_s = boot_now_s() + 5; boot_now_s() < until_s; ::usleep(1000)) {
        const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
        if (!stat || stat->find(") Z ") != std::string::npos) return true;
    }
    return false;
}

bool has_children() { return ::waitpid(-1, nullptr, WNOHANG) == 0; }

}  // namespace

TEST_CASE("gives_a_program_its_arguments_environment_and_folder_and_nothing_else") {
    Program program;
    program.argv = {"/usr/bin/env"};
    program.environment = {"A=1", "B=two words"};
    ::setenv("PERILUNE_LEAK", "yes", 1);
    CHECK(run(program).output == "A=1\nB=two words\n");

    program = shell("printf '%s,' \"$@\"; pwd");
    program.argv.insert(program.argv.end(), {"sh", "a b", "", "*"});
    program.folder = "/usr";
    CHECK(run(program).output == "a b,,*,/usr\n");
}

TEST_CASE("keeps_output_and_errors_apart_and_tells_the_exit_code") {
    const Ended ended = run(shell("echo out; echo err >&2; exit 7"));
    CHECK(ended.started);
    CHECK(ended.output == "out\n");
    CHECK(ended.errors == "err\n");
    CHECK(ended.exit_code == 7);
    CHECK_FALSE(ended.stopped);
    CHECK_FALSE(ended.truncated);
    CHECK(ended.error.empty());
}

TEST_CASE("tells_a_signal_as_128_and_its_number") {
    CHECK(run(shell("kill -9 $$")).exit_code == 128 + SIGKILL);
}

TEST_CASE("feeds_standard_input_also_to_one_that_reads_nothing") {
    Program program = shell("wc -c");
    program.input = std::string(3 << 20, 'x');
    CHECK(run(program).output == "3145728\n");
    program.argv[2] = "exit 0";
    CHECK(run(program).exit_code == 0);
    program.argv[2] = "read line; echo \"[$line]\"";
    program.input = "";
    CHECK(run(program).output == "[]\n");
}

TEST_CASE("keeps_the_newest_bytes_of_a_long_output") {
    Program program = shell("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done");
    program.output_max = 100;
    const Ended ended = run(program);
    CHECK(ended.truncated);
    CHECK(ended.output.size() == 100);
    CHECK(ended.output.ends_with("line 19998\nline 19999\n"));
}

TEST_CASE("shows_output_while_the_program_still_runs") {
    // The program ends only after what it printed was seen: the callback makes the file it awaits.
    char folder[] = "/tmp/child_test.XXXXXX";
    REQUIRE(::mkdtemp(folder));
    const std::string seen = std::string(folder) + "/seen";
    Program program = shell("echo first; while [ ! -e " + seen + " ]; do sleep 0.01; done");
    program.on_output = [&](std::string_view piece) {
        CHECK(piece == "first\n");
        CHECK(write_file_durably(seen, "").ok());
    };
    int pid = 0;
    program.on_start = [&](int started) { pid = started; };
    CHECK(run(program).exit_code == 0);
    CHECK(pid > 0);
    std::filesystem::remove_all(folder);
}

TEST_CASE("hands_down_no_descriptor_but_the_named_one") {
    const Descriptor null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const Descriptor leak(::fcntl(null.get(), F_DUPFD, 50));  // Deliberately not closed on exec.
    Program program = shell("ls /proc/self/fd | tr '\\n' ' '");
    CHECK(run(program).output == "0 1 2 3 ");  // 3 is the folder that ls reads.
    const Descriptor named(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
    program = shell("readlink /proc/self/fd/3; ls /proc/self/fd | tr '\\n' ' '");
    program.inherited_fd = named.get();
    CHECK(run(program).output == "/etc/passwd\n0 1 2 3 4 ");  // 4 is the folder that ls reads.
}

TEST_CASE("resets_signals_and_gives_a_session_of_its_own") {
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const auto handler = std::signal(SIGPIPE, SIG_IGN);
    Program program;
    program.argv = {"/bin/grep", "-E", "^Sig(Blk|Ign)|^NSsid", "/proc/self/status"};
    const Ended ended = run(program);
    std::signal(SIGPIPE, handler);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    CHECK(ended.output.find("SigBlk:\t0000000000000000") != std::string::npos);
    // glibc's posix_spawn ignores the two signals that it keeps for itself, 32 and 33.
    const auto ignored = ended.output.find("SigIgn:\t");
    REQUIRE(ignored != std::string::npos);
    CHECK((std::stoull(ended.output.substr(ignored + 8, 16), nullptr, 16) & ~0x180000000ULL) == 0);
    CHECK(ended.output.find("NSsid:\t" + std::to_string(::getsid(0)) + "\n") == std::string::npos);
}

TEST_CASE("stops_at_the_deadline_with_all_its_descendants") {
    const double began_s = boot_now_s();
    const Ended ended = run(shell("sleep 60 & sleep 60 & echo $! ; wait"), 0.3);
    CHECK(ended.stopped);
    CHECK(ended.exit_code == 128 + SIGTERM);
    CHECK(boot_now_s() - began_s < 4);
    const int grandchild = std::atoi(ended.output.c_str());
    REQUIRE(grandchild > 0);
    CHECK(is_gone(grandchild));
}

TEST_CASE("kills_a_descendant_that_outstays_the_program_that_was_stopped") {
    // The program ends at once; its child ignores the request and holds no pipe of ours.
    const Ended ended =
        run(shell("sh -c 'trap \"\" TERM; exec sleep 60 >/dev/null 2>&1' & echo $!; wait"), 0.3);
    CHECK(ended.stopped);
    const int descendant = std::atoi(ended.output.c_str());
    REQUIRE(descendant > 0);
    CHECK(is_gone(descendant));
}

TEST_CASE("kills_what_ignores_the_request_to_stop") {
    const auto cancel = std::make_shared<Cancel>();
    Program program = shell("trap '' TERM; echo ready; while :; do sleep 0.1; done");
    double asked_at_s = 0;
    program.on_output = [&](std::string_view) {
        asked_at_s = boot_now_s();
        cancel->ask();
    };
    const Ended ended = run(program, 60, cancel);
    CHECK(ended.stopped);
    CHECK(ended.exit_code == 128 + SIGKILL);
    const double took_s = boot_now_s() - asked_at_s;
    CHECK(took_s >= 4.9);
    CHECK(took_s < 10);
}

TEST_CASE("lets_a_program_clean_up_when_a_stop_is_asked_for") {
    const auto cancel = std::make_shared<Cancel>();
    Program program =
        shell("trap 'echo cleaned; exit 3' TERM; echo ready; while :; do sleep 0.05; done");
    program.on_output = [&](std::string_view) { cancel->ask(); };
    const Ended ended = run(program, 60, cancel);
    CHECK(ended.stopped);
    CHECK(ended.exit_code == 3);
    CHECK(ended.output == "ready\ncleaned\n");
}

TEST_CASE("does_not_wait_for_a_grandchild_that_holds_the_pipe") {
    const double began_s = boot_now_s();
    const Ended ended = run(shell("sleep 60 & echo $!"));
    CHECK(ended.exit_code == 0);
    CHECK_FALSE(ended.stopped);
    CHECK(boot_now_s() - began_s < 10);
    const int grandchild = std::atoi(ended.output.c_str());
    REQUIRE(grandchild > 0);
    CHECK(::kill(grandchild, SIGKILL) == 0);  // It was left alone: nobody had asked for a stop.
}

TEST_CASE("starts_nothing_after_the_deadline_or_a_stop") {
    Ended ended = run(shell("echo no"), -1);
    CHECK_FALSE(ended.started);
    CHECK(ended.error.find("deadline had passed") != std::string::npos);
    const auto cancel = std::make_shared<Cancel>();
    cancel->ask();
    ended = run(shell("echo no"), 30, cancel);
    CHECK_FALSE(ended.started);
    CHECK(ended.stopped);
    CHECK(ended.output.empty());
}

TEST_CASE("names_the_program_and_the_reason_where_it_does_not_start") {
    Program program;
    program.argv = {"/nowhere/at-all"};
    Ended ended = run(program);
    CHECK_FALSE(ended.started);
    CHECK(ended.error ==
          "Starting the program /nowhere/at-all failed: No such file or directory (errno 2).");
    program.argv = {"/etc/passwd"};
    CHECK(run(program).error.find("Permission denied (errno 13)") != std::string::npos);
    program = shell("exit 0");
    program.folder = "/nowhere";
    CHECK(run(program).error.find("in the folder /nowhere failed") != std::string::npos);
    program = shell("exit 0");
    program.argv.push_back(std::string("a\0b", 3));
    CHECK(run(program).error.find("NUL") != std::string::npos);
}

TEST_CASE("leaves_no_zombie_and_no_descriptor_after_a_hundred_at_once") {
    const auto count_open = [] {
        std::size_t count = 0;
        for ([[maybe_unused]] const auto& entry :
             std::filesystem::directory_iterator("/proc/self/fd"))
            ++count;
        return count;
    };
    run(shell("exit 0"));
    const auto open_before = count_open();
    std::vector<Program> programs;
    for (int i = 0; i < 100; ++i) programs.push_back(shell("exit " + std::to_string(i)));
    const auto all = run_all(std::move(programs));
    for (int i = 0; i < 100; ++i) CHECK(all[static_cast<std::size_t>(i)].exit_code == i);
    CHECK_FALSE(has_children());
    CHECK(count_open() == open_before);
}
