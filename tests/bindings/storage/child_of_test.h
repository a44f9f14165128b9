// Runs one test case of this very program in a process of its own, to be killed at any moment.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace perilune::test {

// The variable that tells a child where to work; without it, its test case does nothing.
constexpr const char* child_folder_variable = "PERILUNE_TEST_CHILD_FOLDER";

class ChildOfTest {
public:
    // The child writes a byte with `tell_parent` once it is at work.
    ChildOfTest(const std::string& test_case, const std::string& folder) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
        const std::string chosen = "-tc=" + test_case;
        const std::string setting = std::string(child_folder_variable) + "=" + folder;
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(ends[1], 3);
            const int nothing = ::open("/dev/null", O_WRONLY);
            ::dup2(nothing, 1);
            ::putenv(const_cast<char*>(setting.c_str()));
            ::execl("/proc/self/exe", "test", "--no-skip", chosen.c_str(), nullptr);
            ::_exit(127);
        }
        ::close(ends[1]);
        told_ = ends[0];
    }
    ~ChildOfTest() {
        kill_now();
        ::close(told_);
    }
    ChildOfTest(const ChildOfTest&) = delete;
    ChildOfTest& operator=(const ChildOfTest&) = delete;

    // Waits until the child said that it is at work; false where it ended before.
    bool wait_told() {
        char byte = 0;
        return ::read(told_, &byte, 1) == 1;
    }
    void kill_after(std::int64_t microseconds) {
        std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
        kill_now();
    }
    void kill_now() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        wait_ended();
    }
    // Waits for the child's own end; gives its exit status, or 128 + signal.
    int wait_ended() {
        if (pid_ <= 0) return status_;
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = 0;
        status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return status_;
    }

private:
    pid_t pid_ = 0;
    int told_ = -1;
    int status_ = 0;
};

// In the child: the folder to work in, or empty where this is no child.
inline std::string child_folder() {
    const char* folder = std::getenv(child_folder_variable);
    return folder ? folder : "";
}

inline void tell_parent() {
    if (::write(3, "x", 1) != 1) ::_exit(1);
}

}  // namespace perilune::test
