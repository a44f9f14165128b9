// Values over a socket: whole whatever the pieces they come in, and an end that is told once.
#include "interpreter/base/value_socket.h"

#include <array>

#include <sys/socket.h>

#include <doctest/doctest.h>

using namespace perilune;

namespace {

struct Pair {
    std::unique_ptr<Loop> loop = Loop::make();
    std::array<int, 2> ends{};
    std::vector<Value> received;
    int closed = 0;
    std::unique_ptr<ValueSocket> socket;
    bool in_time = true;

    Pair() {
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
        socket = std::make_unique<ValueSocket>(
            *loop, Descriptor(ends[0]),
            [this](const Value& value) {
                received.push_back(value);
                if (value.text() == "last") loop->stop();
            },
            [this] {
                ++closed;
                loop->stop();
            });
    }

    void run() {
        const Loop::Id guard = loop->start_timer(boot_now_s() + 20, [this] {
            in_time = false;
            loop->stop();
        });
        loop->run();
        loop->cancel(guard);
    }
};

}  // namespace

TEST_CASE("values_arrive_whole_and_in_order_both_ways") {
    Pair pair;
    std::vector<Value> received;
    ValueSocket other(
        *pair.loop, Descriptor(pair.ends[1]),
        [&](const Value& value) {
            received.push_back(value);
            if (value.text() == "answer") pair.loop->stop();
        },
        [] {});
    Value large;
    large.set("bytes", std::string(3 << 20, '\xff')).set("number", 7);
    pair.loop->post([&] {
        pair.socket->send(large);
        CHECK_FALSE(pair.socket->sent());
        pair.socket->send("small");
        other.send(List{1, 2});
        other.send("last");
    });
    pair.run();
    CHECK(pair.received == std::vector<Value>{List{1, 2}, "last"});
    other.send("first");
    pair.socket->send("answer");
    pair.run();
    CHECK(pair.in_time);
    REQUIRE(received.size() == 3);
    CHECK(received[0] == large);
    CHECK(received[1].text() == "small");
    CHECK(pair.socket->sent());
}

TEST_CASE("an_end_is_told_once_after_what_came_before_it") {
    Pair pair;
    {
        const auto loop = Loop::make();
        ValueSocket other(
            *loop, Descriptor(pair.ends[1]), [](const Value&) {}, [] {});
        other.send("before");
    }
    pair.run();
    CHECK(pair.in_time);
    CHECK(pair.received == std::vector<Value>{"before"});
    CHECK(pair.closed == 1);
    pair.socket->send("nobody hears this");
    CHECK(pair.socket->sent());
}

TEST_CASE("a_socket_that_sends_no_values_is_closed") {
    Pair pair;
    const Descriptor other(pair.ends[1]);
    const std::string bytes("\x02\0\0\0\xff\xff", 6);
    REQUIRE(::send(other.get(), bytes.data(), bytes.size(), 0) == 6);
    pair.run();
    CHECK(pair.in_time);
    CHECK(pair.received.empty());
    CHECK(pair.closed == 1);
}
