// perilune-torture: makes random programs, troubles them at random, and says what was found.
//
// perilune-torture [--minutes N] [--seed S] [--only]: for N minutes (1), from the seed S on (a
// random one); with --only just the program of that seed, which is printed first.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>

#include "tests/crash/program_maker.h"
#include "tests/crash/torture.h"

namespace {

using std::chrono::steady_clock;
using namespace perilune::test;

constexpr auto told_every = std::chrono::seconds(10);
constexpr int exit_found = 1;
constexpr int exit_usage = 2;

struct Wish {
    double minutes = 1;
    unsigned seed = std::random_device{}();
    bool only = false;
};

bool read_wish(int count, char** arguments, Wish& wish) {
    for (int i = 1; i < count; ++i) {
        const std::string word = arguments[i];
        if (word == "--only") {
            wish.only = true;
            continue;
        }
        if (i + 1 == count) return false;
        char* end = nullptr;
        const double number = std::strtod(arguments[++i], &end);
        if (*end != '\0' || number < 0) return false;
        if (word == "--minutes") wish.minutes = number;
        if (word == "--seed") wish.seed = static_cast<unsigned>(number);
        if (word != "--minutes" && word != "--seed") return false;
    }
    return true;
}

// Tells on one line, every now and then, how far it is.
class Progress {
public:
    explicit Progress(steady_clock::time_point end) : end_(end) {}

    void tell(long programs, long problems) {
        const auto now = steady_clock::now();
        if (now < next_) return;
        next_ = now + told_every;
        const auto left = std::chrono::duration_cast<std::chrono::seconds>(end_ - now).count();
        std::fprintf(stderr, "torture: %ld programs, %ld problems, %lld s to go\n", programs,
                     problems, static_cast<long long>(left > 0 ? left : 0));
    }

private:
    steady_clock::time_point end_;
    steady_clock::time_point next_ = steady_clock::now() + told_every;
};

}  // namespace

int main(int count, char** arguments) {
    Wish wish;
    if (!read_wish(count, arguments, wish)) {
        std::fputs("Usage: perilune-torture [--minutes N] [--seed S] [--only]\n", stderr);
        return exit_usage;
    }
    const auto minutes = std::chrono::duration<double, std::ratio<60>>(wish.minutes);
    const auto end =
        steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(minutes);
    if (wish.only) std::printf("%s", make_program(wish.seed).c_str());
    Tally tally;
    std::atomic<long> programs = 0;
    std::atomic<long> problems = 0;
    Progress progress(end);
    const int threads = wish.only ? 1 : 2 * static_cast<int>(std::thread::hardware_concurrency());
    // Numbers are given out to threads as they come; each goes on until the time is up.
    for_each_at_once(threads, [&](int) {
        while (programs == 0 || (!wish.only && steady_clock::now() < end)) {
            const auto seed = wish.seed + static_cast<unsigned>(programs++);
            const std::string problem = torture(seed, tally);
            problems += problem.empty() ? 0 : 1;
            if (!problem.empty()) std::fprintf(stderr, "%s\n", problem.c_str());
            progress.tell(programs, problems);
        }
        return std::string();
    });
    std::printf("%sprograms: %ld, from seed %u on; problems: %ld\n", tally.text().c_str(),
                programs.load(), wish.seed, problems.load());
    return problems == 0 ? 0 : exit_found;
}
