// Values over a socket: whole whatever the pieces they come in, and an end that is told once.
#include "interpreter/base/value_socket.h"

#include <array>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

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

TEST_CASE("descriptors_come_along_with_their_values_also_through_a_full_socket") {
    Pair pair;
    std::vector<std::string> heard;
    ValueSocket* receiving = nullptr;
    ValueSocket other(
        *pair.loop, Descriptor(pair.ends[1]),
        [&](const Value& value) {
            if (!value.is_text()) return;
            const Descriptor along = receiving->take_descriptor();
            std::array<char, 16> bytes{};
            const auto count = along.open() ? ::read(along.get(), bytes.data(), bytes.size()) : 0;
            heard.push_back(value.text() + ":" +
                            std::string(bytes.data(), static_cast<std::size_t>(count)));
            if (value.text() == "c") pair.loop->stop();
        },
        [] {});
    receiving = &other;
    const auto file_with = [](const std::string& bytes) {
        std::array<int, 2> ends{};
        REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        const Descriptor writes(ends[1]);
        CHECK(::write(writes.get(), bytes.data(), bytes.size()) ==
              static_cast<ssize_t>(bytes.size()));
        return Descriptor(ends[0]);
    };
    const Value large = List{std::string(3 << 20, 'x')};
    pair.loop->post([&] {
        pair.socket->send("a", file_with("of a"));
        pair.socket->send(large);
        pair.socket->send("b", file_with("of b"));
        pair.socket->send(large);
        pair.socket->send("c", file_with("of c"));
    });
    pair.run();
    CHECK(pair.in_time);
    CHECK(heard == std::vector<std::string>{"a:of a", "b:of b", "c:of c"});
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
