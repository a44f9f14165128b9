// Copies of the process: what they do stays with them, and how they end is told.
#include <csignal>
#include <new>
#include <stdexcept>

#include <unistd.h>

#include <doctest/doctest.h>

#include "interpreter/simulator/copies.h"

namespace perilune {

TEST_CASE("what_a_copy_does_stays_with_it") {
    int number = 1;
    const pid_t self = ::getpid();
    const auto ended = in_a_copy(10, [&] {
        number = 2;
        if (::getpid() == self) throw std::logic_error("It is no copy.");
    });
    REQUIRE(ended.ok());
    CHECK(ended->well());
    CHECK(number == 1);
}

TEST_CASE("how_a_copy_ended_is_told") {
    const auto thrown = in_a_copy(10, [] { throw std::runtime_error("No."); });
    REQUIRE(thrown.ok());
    CHECK(thrown->status == 98);
    const auto full = in_a_copy(10, [] { throw std::bad_alloc(); });
    REQUIRE(full.ok());
    CHECK(full->status == 97);
    const auto killed = in_a_copy(10, [] { ::kill(::getpid(), SIGKILL); });
    REQUIRE(killed.ok());
    CHECK(killed->signal == SIGKILL);
    CHECK_FALSE(killed->well());
}

TEST_CASE("a_copy_without_an_end_is_stopped_at_its_limit_of_processor_time") {
    volatile bool goes_on = true;
    const auto ended = in_a_copy(0.5, [&] {
        while (goes_on) {
        }
    });
    REQUIRE(ended.ok());
    CHECK(ended->signal == SIGXCPU);
}

}  // namespace perilune
